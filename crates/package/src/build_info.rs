//! How a package was built, for whoever wonders which one it is: `build.json` in it.

use serde_json::{Map, Value, json};

use crate::Identity;

/// From what the builder tells (`profile`, `target`, `glibc`), the compiler, and the commit, if the files are those of one.
pub fn build_info(told: &[(String, String)], rustc: &str, commit: Option<&str>) -> Value {
    let mut info = Map::from_iter([("version".to_owned(), json!(Identity::VERSION))]);
    let is_release = told.iter().any(|(key, value)| key == "profile" && value == "release");
    let kind = if is_release { "release" } else { "development build, not for uploading" };
    info.insert("kind".into(), json!(kind));
    info.extend(told.iter().map(|(key, value)| (key.clone(), json!(value))));
    info.insert("rustc".into(), json!(rustc));
    info.insert("commit".into(), json!(commit));
    Value::Object(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_release_profile_makes_a_release() {
        let of = |profile: &str| build_info(&[("profile".into(), profile.into())], "rustc 1", None);
        assert_eq!(of("release")["kind"], "release");
        for other in ["dev", "bench", "Release", ""] {
            assert_eq!(of(other)["kind"], "development build, not for uploading", "{other}");
        }
        assert_eq!(build_info(&[], "rustc 1", None)["kind"], "development build, not for uploading");
    }
}
