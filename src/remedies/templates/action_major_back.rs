//! Goes back one major version of an action.

use super::action_major::{self, Direction};
use super::choose::across;
use super::{Hint, Template};
use crate::domain::edit::{Edited, Source};

pub struct ActionMajorBack;

impl Template for ActionMajorBack {
    fn id(&self) -> &'static str {
        "action_major_back"
    }

    fn about(&self) -> &'static str {
        "Moves an action back one major version, for example actions/checkout@v4 to v3."
    }

    fn edit(&self, workflows: &[Source], hint: &Hint) -> Edited {
        across(workflows, hint, |desk, hint| action_major::edit(desk, hint, Direction::Back))
    }
}
