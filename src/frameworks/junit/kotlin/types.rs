//! Kotlin's types as the JVM has them, which is how tests are printed.

use crate::frameworks::junit::name::simple_type;

/// Kotlin's own types, what they are on the JVM, and what they are where they may be null.
const TYPES: &[(&str, &str, &str)] = &[
    ("Int", "int", "Integer"),
    ("Long", "long", "Long"),
    ("Short", "short", "Short"),
    ("Byte", "byte", "Byte"),
    ("Char", "char", "Character"),
    ("Float", "float", "Float"),
    ("Double", "double", "Double"),
    ("Boolean", "boolean", "Boolean"),
    ("Any", "Object", "Object"),
    ("MutableList", "List", "List"),
    ("MutableSet", "Set", "Set"),
    ("MutableMap", "Map", "Map"),
    ("MutableCollection", "Collection", "Collection"),
];

/// A parameter's type as it is printed: `int` for `Int`, `String[]` for `Array<String>` or `vararg String`.
pub fn printed(kind: &str, is_vararg: bool) -> String {
    let array = if is_vararg { "[]" } else { "" };
    let plain = kind.trim().trim_end_matches('?');
    let may_be_null = plain.len() < kind.trim().len();
    if let Some(of) = plain.strip_prefix("Array<").and_then(|rest| rest.strip_suffix('>')) {
        let of = of.trim().trim_start_matches("out ").trim_start_matches("in ");
        return format!("{}[]{array}", boxed(of));
    }
    let simple = simple_type(plain);
    let known = |name: &str| TYPES.iter().find(|(own, ..)| *own == name);
    if let Some((_, primitive, _)) = simple.strip_suffix("Array").and_then(known) {
        return format!("{primitive}[]{array}");
    }
    let shown = match known(&simple) {
        Some((_, _, boxed)) if may_be_null => boxed,
        Some((_, plain, _)) => plain,
        None => simple.as_str(),
    };
    format!("{shown}{array}")
}

fn boxed(kind: &str) -> String {
    printed(&format!("{}?", kind.trim_end_matches('?')), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_as_they_are_printed() {
        for (kind, vararg, want) in [
            ("Int", false, "int"),
            ("Int?", false, "Integer"),
            ("kotlin.String", false, "String"),
            ("List<Map<String, Int>>", false, "List"),
            ("MutableList<Int>?", false, "List"),
            ("Array<String>", false, "String[]"),
            ("Array<out Int?>", false, "Integer[]"),
            ("IntArray", false, "int[]"),
            ("Int", true, "int[]"),
            ("", false, ""),
        ] {
            assert_eq!(printed(kind, vararg), want, "{kind}");
        }
    }
}
