//! Which images a prune would take: their names, themselves, and what only they were built on.

use std::collections::HashSet;

use engine::{Path, Request};
use serde_json::{Value, json};

use super::{
    choice::{chosen, list},
    dry_run::{foreseen, usage},
    filters::{Filters, Pruned},
};
use crate::{
    Error, Output,
    run::{
        call::Call,
        objects::{id, items},
    },
};

pub(super) fn dry_run(call: &Call<'_>) -> Result<Output, Error> {
    let filters = Filters::read(call, Pruned::Images)?;
    let mut choice = filters.at_present(call);
    let found = list(call, Request::get(Path::fixed("/images/json")).query("all", "true"))?;
    let users = list(call, Request::get(Path::fixed("/containers/json")).query("all", "true"))?;
    let used: HashSet<&str> = items(&users).filter_map(|container| container["ImageID"].as_str()).collect();
    let all: Vec<&Value> = items(&found).collect();
    let children = |image: &Value| all.iter().filter(|child| child["ParentId"] == image["Id"]).count();
    let tops = all.iter().copied().filter(|image| match filters.dangling {
        true => tags(image).is_empty() && children(image) == 0,
        false => !names(image).is_empty() || children(image) == 0,
    });
    let chosen = chosen(call, &choice, tops, "/images/{id}/json")?;
    let mut gone = Vec::new();
    for image in &chosen {
        // The engine takes the names of an image in use as well, all but the last.
        let mut names = if used.contains(id(image)) { tags(image) } else { names(image) };
        if used.contains(id(image)) {
            names.pop();
        }
        gone.extend(names.iter().map(|name| json!({"Untagged": name})));
    }
    let deleted = deletable(&all, &chosen, &used);
    gone.extend(deleted.iter().map(|id| json!({"Deleted": id})));
    let usage = if deleted.is_empty() { Vec::new() } else { usage(call, "image", "Images", "ImageUsage")? };
    let own = |image: &Value| {
        let shared = image["SharedSize"].as_i64().unwrap_or_default().max(0);
        image["Size"].as_i64().unwrap_or_default() - shared
    };
    let freed: i64 = usage.iter().filter(|image| deleted.contains(&id(image))).map(own).sum();
    if !gone.is_empty() {
        choice.notes.push(
            "SpaceReclaimed is an estimate, and steps of a build that no list shows may go too. An engine that keeps its images in containerd may keep another name of an image in use.".into(),
        );
    }
    let fields = json!({"ImagesDeleted": gone, "SpaceReclaimed": freed});
    Ok(foreseen("images", deleted.len(), fields, choice.notes))
}

/// An image's names with tags, in the order in which the engine takes them.
fn tags(image: &Value) -> Vec<&str> {
    let mut tags: Vec<&str> =
        items(&image["RepoTags"]).filter_map(Value::as_str).filter(|tag| *tag != "<none>:<none>").collect();
    tags.sort_unstable();
    tags
}

/// All its names, those with digests too.
fn names(image: &Value) -> Vec<&str> {
    let digests = items(&image["RepoDigests"]).filter_map(Value::as_str);
    tags(image).into_iter().chain(digests.filter(|digest| *digest != "<none>@<none>")).collect()
}

/// The images that go, but for steps of a build that no list shows: of the chosen ones those that neither a container nor an image needs, and with them what only they
/// were built on.
fn deletable<'a>(all: &[&'a Value], chosen: &[&Value], used: &HashSet<&str>) -> Vec<&'a str> {
    let chosen: HashSet<&str> = chosen.iter().map(|image| id(image)).collect();
    let mut deleted: Vec<&str> = Vec::new();
    loop {
        let next = all.iter().find(|image| {
            let built_on_it =
                || all.iter().filter(|child| child["ParentId"] == image["Id"]).map(|child| id(child));
            let may_go = chosen.contains(id(image))
                || names(image).is_empty() && built_on_it().any(|child| deleted.contains(&child));
            may_go
                && !deleted.contains(&id(image))
                && !used.contains(id(image))
                && built_on_it().all(|child| deleted.contains(&child))
        });
        match next {
            Some(image) => deleted.push(id(image)),
            None => return deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_goes_when_nothing_needs_it() {
        let image =
            |id: &str, parent: &str, tags: &[&str]| json!({"Id": id, "ParentId": parent, "RepoTags": tags});
        let images = [
            image("base", "", &["base:1"]),
            image("step", "base", &[]),
            image("app", "step", &["app:1", "app:2"]),
            image("child", "app", &["child:1"]),
        ];
        let all: Vec<&Value> = images.iter().collect();
        let goes = |chosen: &[usize], used: &[&str]| {
            let chosen: Vec<&Value> = chosen.iter().map(|at| all[*at]).collect();
            deletable(&all, &chosen, &used.iter().copied().collect())
        };
        assert_eq!(goes(&[2, 3], &[]), ["child", "app", "step"]);
        assert_eq!(goes(&[0, 2, 3], &[]), ["child", "app", "step", "base"]);
        assert!(goes(&[2], &[]).is_empty(), "another image is built on it");
        assert!(goes(&[2, 3], &["child"]).is_empty(), "a container needs its child");
        assert_eq!(goes(&[3], &["app"]), ["child"]);
    }
}
