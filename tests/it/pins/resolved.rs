//! What only a lock holds and no earlier lock gives: a resolver's lock is where the entry is found.

use ci_rescue::domain::edit::{Edited, Editing, Source};
use ci_rescue::remedies::editing::Unpin;
use ci_rescue::remedies::editing::resolved::{Answer, Resolved};

use super::harness::{applied, load};

fn asked(answer: Answer) -> (Vec<Source>, Edited) {
    let (files, _) = load(super::editor("cargo"), "transitive");
    let pin = || Resolved::new("ryu", "1.0.1", Some("cargo")).expect("the names are plain");
    let first = pin();
    let edited = first.edit(&files, &[]);
    assert!(matches!(&edited, Edited::Unresolved(locks) if locks[0].path == "Cargo.lock"), "{edited:?}");
    let question = first.question().expect("Cargo's resolver is asked");
    let edited = pin().answered(question, answer).edit(&files, &[]);
    (files, edited)
}

#[test]
fn a_resolvers_lock_is_taken_with_our_mark_and_taken_back() {
    let (files, _) = load(super::editor("cargo"), "transitive");
    let lock = files.iter().find(|file| file.path == "Cargo.lock").expect("the sample has a lock");
    let resolved = lock.text.replace("1.0.18", "1.0.1").replace("95c264fc", "aaaaaaaa");
    let (files, edited) = asked(Answer::Locks(vec![("Cargo.lock".to_owned(), resolved)]));
    let Edited::Ready(edit) = edited else { panic!("{edited:#?}") };
    assert!(
        edit.warnings.is_empty()
            && edit.unresolved.is_empty()
            && edit.because.iter().any(|why| why == "cargo resolved it"),
        "{edit:#?}"
    );
    let now = applied(&files, &edit);
    let new = &now.iter().find(|file| file.path == "Cargo.lock").expect("it is edited").text;
    assert!(new.contains("# ci-rescue pin ryu 1.0.1 was locked 1.0.18\n") && new.contains("aaaaaaaa"), "{new}");
    let back = Unpin::new("ryu").expect("a name").edit(&now, &files);
    let Edited::Ready(edit) = back else { panic!("{back:#?}") };
    assert_eq!(applied(&now, &edit), files);
}

#[test]
fn what_a_resolver_rejects_is_said() {
    let (_, edited) = asked(Answer::No("ryu is yanked".to_owned()));
    assert_eq!(edited, Edited::Refused(vec!["cargo rejects ryu 1.0.1: ryu is yanked".to_owned()]));
    let (_, edited) = asked(Answer::Not("no cargo here".to_owned()));
    assert!(
        matches!(&edited, Edited::Refused(why) if why.len() == 2 && why[1].contains("no cargo here")),
        "{edited:?}"
    );
}
