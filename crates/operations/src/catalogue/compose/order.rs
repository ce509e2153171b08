//! In which order containers are started, by what their services depend on.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{DEPENDS_ON, NUMBER, label, service};

/// What a service waits for before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Started,
    Healthy,
    Completed,
}

/// The services that a container's service depends on: `db:service_healthy:false,cache:service_started`.
pub(super) fn dependencies(container: &Value) -> impl Iterator<Item = (&str, Condition)> {
    label(container, DEPENDS_ON).split(',').filter_map(|dependency| {
        let mut parts = dependency.trim().split(':');
        let service = parts.next().filter(|service| !service.is_empty())?;
        let condition = match parts.next() {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::Completed,
            _ => Condition::Started,
        };
        Some((service, condition))
    })
}

/// The containers in the order in which they start: each after those that it depends on. Services that depend on each other
/// in a circle, which Compose refuses, come in the order of their names.
pub(super) fn by_dependency(containers: Vec<Value>) -> Vec<Value> {
    let mut by_service: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for container in containers {
        by_service.entry(service(&container).to_owned()).or_default().push(container);
    }
    for of_one in by_service.values_mut() {
        of_one.sort_by_key(|container| label(container, NUMBER).parse::<u64>().unwrap_or_default());
    }
    let mut ordered = Vec::new();
    while !by_service.is_empty() {
        let is_ready = |of_one: &Vec<Value>, own: &str| {
            let mut needed = of_one.iter().flat_map(dependencies).map(|(service, _)| service);
            needed.all(|service| service == own || !by_service.contains_key(service))
        };
        let ready = by_service.iter().find(|(own, of_one)| is_ready(of_one, own)).map(|(own, _)| own.clone());
        let Some(next) = ready.or_else(|| by_service.keys().next().cloned()) else { break };
        ordered.extend(by_service.remove(&next).unwrap_or_default());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::SERVICE, *};

    fn container(name: &str, number: &str, depends_on: &str) -> Value {
        json!({"Labels": {SERVICE: name, NUMBER: number, DEPENDS_ON: depends_on}})
    }

    fn ordered(containers: &[Value]) -> Vec<String> {
        let one = |container: &Value| format!("{}-{}", service(container), label(container, NUMBER));
        by_dependency(containers.to_vec()).iter().map(one).collect()
    }

    #[test]
    fn what_others_depend_on_comes_first() {
        let containers = [
            container("app", "2", "db:service_healthy:false,cache"),
            container("app", "10", "db:service_healthy:false,cache"),
            container("app", "1", "db:service_healthy:false,cache"),
            container("web", "1", "app:service_started:true"),
            container("db", "1", ""),
            container("cache", "1", "db:service_completed_successfully, gone:service_started"),
        ];
        assert_eq!(ordered(&containers), ["db-1", "cache-1", "app-1", "app-2", "app-10", "web-1"]);
    }

    #[test]
    fn a_circle_ends() {
        let containers = [container("b", "1", "a"), container("a", "1", "b"), container("c", "1", "c,a")];
        assert_eq!(ordered(&containers), ["a-1", "b-1", "c-1"]);
    }

    #[test]
    fn conditions_are_read_in_every_form() {
        let container =
            container("web", "1", "db:service_healthy:false, once:service_completed_successfully,c:x,d,");
        assert_eq!(
            dependencies(&container).collect::<Vec<_>>(),
            [
                ("db", Condition::Healthy),
                ("once", Condition::Completed),
                ("c", Condition::Started),
                ("d", Condition::Started)
            ]
        );
        assert_eq!(dependencies(&json!({"Labels": null})).count(), 0);
    }
}
