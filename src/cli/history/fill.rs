//! `history fill`: reads the runs that the forge still lists into history, through the running server or alone.

use crate::cli::at::{At, Failure, INPUT, Lines, SERVER};
use crate::cli::progress::Progress;
use crate::cli::{Failed, runtime};
use ci_rescue::app;
use ci_rescue::domain::Repo;
use ci_rescue::domain::executed::Filled;
use ci_rescue::domain::text::clean_line;
use ci_rescue::engine::RepoFilter;
use ci_rescue::engine::fill::Filler;
use futures::{StreamExt, stream};
use indicatif::HumanCount;
use std::sync::Arc;

pub fn run(repo: Option<&str>, at: &At) -> Result<u8, Failed> {
    let repo: Option<Repo> = match repo.map(str::parse).transpose() {
        Ok(repo) => repo,
        Err(why) => return Err(Failure(INPUT, format!("--repo: {why}")).into()),
    };
    match at.place()?.open().map_err(Failure::from)? {
        Some(store) => runtime()?.block_on(async { show(alone(repo, at, store).await?, false).await }),
        None => runtime()?.block_on(async { show(served(repo, at).await?, true).await }),
    }
}

/// By the server that holds the store.
async fn served(repo: Option<Repo>, at: &At) -> Result<Lines, Failure> {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(repo.iter().map(|repo| ("repo", repo.as_str())))
        .finish();
    at.send(&format!("/api/history/fill?{query}"), Some(Vec::new())).await
}

/// With a connection to the forge of our own.
async fn alone(repo: Option<Repo>, at: &At, store: Arc<dyn ci_rescue::ports::Store>) -> Result<Lines, Failure> {
    let config = at.config()?;
    let (ci, clock) = app::ci(&config).map_err(|why| Failure(INPUT, why))?;
    let filler = Filler::new(store, ci, clock);
    let repos = if let Some(repo) = repo {
        filler.forget(&repo).await?;
        vec![repo]
    } else {
        let filter = RepoFilter { repositories: config.github.repositories.clone(), branches: Vec::new() };
        match filler.unfilled(&filter, Vec::new()).await? {
            (repos, Some(why)) if repos.is_empty() => return Err(Failure(SERVER, why.to_string())),
            (repos, _) => repos,
        }
    };
    if repos.is_empty() {
        return Ok(stream::empty().boxed());
    }
    Ok(filler.lines(repos).map(|line| line.map_err(Failure::from)).boxed())
}

/// Shows how far it is, a repository after the other. Answers the exit status.
async fn show(mut lines: Lines, served: bool) -> Result<u8, Failed> {
    let mut progress: Option<(Repo, Progress)> = None;
    let (mut any, mut status) = (false, 0);
    while let Some(line) = lines.next().await {
        let filled: Filled = super::parse(&line?)?;
        any = true;
        let same = progress.as_ref().is_some_and(|(repo, _)| *repo == filled.repo);
        if !same {
            progress = Some((filled.repo.clone(), Progress::of_any_length(format!("history: {}", filled.repo))));
        }
        if let Some((_, bar)) = &mut progress {
            bar.at(filled.runs.into(), filled.of.into());
        }
        if filled.done || filled.waits.is_some() {
            progress = None;
            status = status.max(told(&filled, served));
        }
    }
    drop(progress);
    if !any {
        println!("nothing to read: the past of every repository is in history");
    }
    Ok(status)
}

fn told(filled: &Filled, served: bool) -> u8 {
    let (repo, runs) = (&filled.repo, HumanCount(filled.runs.into()));
    match &filled.waits {
        None => println!("{repo}: {runs} runs read"),
        Some(why) => {
            let next = match (filled.done, served) {
                (true, _) => "",
                (false, true) => "; the running server goes on by itself",
                (false, false) => "; run the command again then: it goes on from there",
            };
            eprintln!("{repo}: {runs} of {} runs read: {}{next}", HumanCount(filled.of.into()), clean_line(why, 200));
            return if served && !filled.done { 0 } else { SERVER };
        }
    }
    0
}
