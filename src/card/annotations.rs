//! Places in the code that a check run points at.

use crate::domain::card::Annotation;
use crate::domain::incident::Incident;

/// Places pointed at.
const FRAMES: usize = 100;
/// The longest path, and one more: what is cut is no path.
const PATH: usize = 240;
/// Of a line, in characters.
const LINE: usize = 200;

/// The frames inside the repository, in order, each line of a file once.
pub fn of(incident: &Incident) -> Vec<Annotation> {
    let mut all: Vec<Annotation> = Vec::new();
    for evidence in &incident.evidence {
        let test = evidence.failing_tests.first().map(|test| test.name.line(LINE));
        let title = test.or_else(|| incident.first_job().map(|job| job.name.line(LINE))).unwrap_or_default();
        for frame in &evidence.frames {
            let file = frame.file.line(PATH).trim_start_matches("./").to_owned();
            let text = frame.text.line(LINE);
            let Some(line) = frame.line.and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0) else {
                continue;
            };
            if is_inside(&file) && !all.iter().any(|have| have.file == file && have.line == line) {
                let text = if text.is_empty() { "the failure points here".into() } else { text };
                all.push(Annotation { file, line, title: title.clone(), text });
            }
        }
    }
    all.truncate(FRAMES);
    all
}

/// A path of the repository, as git writes it.
fn is_inside(file: &str) -> bool {
    let parts = || file.split('/');
    !file.is_empty() && !file.contains(['\\', ':', '~']) && parts().all(|part| !matches!(part, "" | "." | ".."))
}
