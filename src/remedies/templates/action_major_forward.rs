//! Goes forward one major version of an action, or to the oldest that GitHub still runs.

use super::action_major::{self, Direction};
use super::choose::across;
use super::{Hint, Template};
use crate::domain::edit::{Edited, Source};

pub struct ActionMajorForward;

impl Template for ActionMajorForward {
    fn id(&self) -> &'static str {
        "action_major_forward"
    }

    fn about(&self) -> &'static str {
        "Moves an action forward one major version, for example actions/upload-artifact@v3 to v4."
    }

    fn edit(&self, workflows: &[Source], hint: &Hint) -> Edited {
        across(workflows, hint, |desk, hint| action_major::edit(desk, hint, Direction::Forward))
    }
}
