#![allow(unused)]
/*
#[test]
fn in_comment() {}
*/
mod tests { use super::*; #[test] fn a() {} #[test] fn b() {} }

mod indented
{
      #[test]
      #[allow(dead_code)]

      fn far_in()
      {
      }
}

mod r#try {
    #[test]
    fn r#match() {}
}
