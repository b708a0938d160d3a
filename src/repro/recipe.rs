//! What every language needs to write its part of the script.

use super::command;
use super::input::{Framework, ScriptInput, Selector};
use super::manifest::{Repository, join, parent};
use super::preamble::{BEGINNING, END, PLACES, RUN};
use super::quote::shown;
use super::writer::Writer;

/// The script in the making.
pub(super) struct Recipe<'wanted> {
    pub wanted: &'wanted ScriptInput,
    pub repository: Repository<'wanted>,
    pub writer: Writer,
    /// Where the failing command runs, from the root of the repository.
    pub directory: String,
    runs: Vec<String>,
}

impl<'wanted> Recipe<'wanted> {
    pub(super) fn new(wanted: &'wanted ScriptInput) -> Self {
        let repository = Repository::new(wanted);
        Self { wanted, repository, writer: Writer::default(), directory: String::new(), runs: Vec::new() }
    }

    /// Chooses where the command runs: where the log says so, else at the root, else where a failing test's own
    /// manifest is, else where the first manifest is.
    pub(super) fn choose_directory(&mut self, is_manifest: &dyn Fn(&str) -> bool) {
        if let Some(directory) = &self.wanted.working_directory {
            let directory = directory.trim_start_matches("./").trim_matches('/');
            self.directory = if directory == "." { String::new() } else { directory.to_owned() };
            if directory.split('/').any(|part| part == "..") {
                self.writer.refuse(format!(
                    "The working directory \"{}\" is outside the repository; give one inside it.",
                    shown(directory)
                ));
            }
            return;
        }
        if self.repository.names_in("").iter().any(|name| is_manifest(name)) {
            return;
        }
        let with_manifest = |place: &&str| self.repository.names_in(place).iter().any(|name| is_manifest(name));
        let near_test = self
            .wanted
            .selectors
            .iter()
            .filter_map(|selector| selector.file.as_deref())
            .find_map(|file| super::manifest::ancestors(parent(file)).take(8).find(with_manifest));
        self.directory =
            near_test.map(str::to_owned).or_else(|| self.repository.shallowest(is_manifest)).unwrap_or_default();
    }

    /// Goes to the directory where the command runs.
    pub(super) fn enter(&mut self) {
        if !self.directory.is_empty() {
            let place = self.writer.quoted(&format!("./{}", self.directory));
            self.writer.say(&format!("Directory {}, because the failing command runs there", shown(&self.directory)));
            self.writer.lines(&format!("cd {place}"));
        }
    }

    /// A test's file as it is named from the directory where the command runs.
    pub(super) fn local<'file>(&self, file: &'file str) -> &'file str {
        let file = file.strip_prefix("./").unwrap_or(file);
        let below = file.strip_prefix(self.directory.as_str()).and_then(|rest| rest.strip_prefix('/'));
        match below {
            Some(rest) if !self.directory.is_empty() && !self.repository.has("", &join(&self.directory, file)) => rest,
            _ => file,
        }
    }

    /// The failing tests: file (from the directory where the command runs) and name.
    pub(super) fn tests(&self) -> Vec<Selector> {
        let local = |selector: &Selector| Selector {
            file: selector.file.as_deref().map(|file| self.local(file).to_owned()),
            name: selector.name.clone(),
        };
        self.wanted.selectors.iter().map(local).collect()
    }

    /// Adds a failing command; its words must be safe for the shell.
    pub(super) fn run(&mut self, words: &str) {
        self.runs.push(format!("run {words}\n"));
    }

    /// Runs the failing command line of the log where no tests are known and it can be taken. Answers whether it is
    /// run, or whether the script is refused because there is nothing else to run.
    pub(super) fn run_command(&mut self) -> bool {
        let only_command = matches!(self.wanted.framework, Framework::Command(_));
        if !self.wanted.selectors.is_empty() && !only_command {
            return false;
        }
        let Some(text) = &self.wanted.command else {
            if only_command {
                self.writer.refuse("No failing command is known; give the command line that failed.".to_owned());
            }
            return only_command;
        };
        match command::read(text, &self.repository, &self.directory) {
            Ok(words) => {
                command::install_tools(&words, self);
                let quoted: Vec<String> = words.shell().iter().map(|word| self.writer.quoted(word)).collect();
                self.run(&quoted.join(" "));
                true
            }
            Err(why) => {
                if only_command {
                    self.writer.refuse(why);
                } else {
                    self.writer.say(&format!("Runs all tests, because the command in the log is not accepted: {why}"));
                }
                only_command
            }
        }
    }

    /// The whole script, or why there is none.
    pub(super) fn finish(mut self) -> Result<String, Vec<String>> {
        self.notes();
        let Self { mut writer, runs, wanted, .. } = self;
        if runs.is_empty() && writer.refusals.is_empty() {
            writer.refuse("Found nothing to run; give a failing test or command.".to_owned());
        }
        if !writer.refusals.is_empty() {
            return Err(writer.refusals);
        }
        let default = format!("rescue-{}", wanted.sha.trim().to_ascii_lowercase().get(..7).unwrap_or_default());
        let mut script = BEGINNING.replace("{default}", &default);
        for helper in &writer.helpers {
            script.push_str(helper.text());
        }
        script.push_str(&PLACES.replace("{default}", &default));
        script.push_str(&writer.body);
        script.push_str(RUN);
        script.push_str("say 'Running what failed'\n");
        script.push_str(&runs.concat());
        script.push_str(END);
        Ok(script)
    }

    /// What a reader should know of the job.
    fn notes(&mut self) {
        let matrix = &self.wanted.matrix;
        if !matrix.is_empty() {
            let list: Vec<String> =
                matrix.iter().take(12).map(|(key, value)| shown(&format!("{key}={value}"))).collect();
            self.writer.say(&format!("The job's matrix was {}", list.join(", ")));
        }
        let foreign =
            |value: &str| ["windows", "macos"].into_iter().find(|system| value.to_ascii_lowercase().contains(system));
        if let Some(system) = matrix.iter().find_map(|(_, value)| foreign(value)) {
            self.writer.say(&format!("The job ran on {system}; the failure may not occur on other systems"));
        }
        if let Some(shard) = self.wanted.shard {
            self.writer.say(&format!("The job ran part {} of {} of the tests", shard.index, shard.total));
        }
    }
}
