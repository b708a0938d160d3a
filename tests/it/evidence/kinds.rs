//! Kinds of failures, five samples and more of each: the verdict, the quoted line, the names of tests, whatever runner
//! shows them.

use super::samples::{SHAPES, read};

#[test]
fn every_kind_is_told_in_every_shape() {
    let mut wrong = Vec::new();
    let mut n = 0;
    for (file, samples) in read("kinds") {
        assert!(samples.len() >= 5, "{file}");
        for sample in samples {
            n += 1;
            let faults = SHAPES.map(|shape| sample.faults(&super::read(sample.log(shape).as_bytes())));
            for (at, shape) in SHAPES.iter().enumerate().filter(|(at, _)| !faults[*at].is_empty()) {
                wrong.push(format!("{file}, {}, {shape:?}: {}", sample.command, faults[at].join("; ")));
            }
        }
    }
    println!("{n} samples");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
