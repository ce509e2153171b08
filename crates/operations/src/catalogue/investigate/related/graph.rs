//! Relations as a graph: the container, what it has in common with others, and these. JSON, and what the picture is drawn from.

use serde_json::{Value, json};

use super::ties::{Control, Risk, Tie};

/// A container, the engine or the host, with what ties it.
pub(crate) struct Related {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) image: String,
    /// The worst first.
    pub(crate) ties: Vec<Tie>,
}

impl Related {
    pub(crate) fn risk(&self) -> Risk {
        self.ties.first().map_or(Risk::Info, |tie| tie.risk)
    }

    pub(crate) fn control(&self) -> Control {
        self.ties.iter().fold(Control::None, |control, tie| control.and(tie.control))
    }

    /// The node that stands for it.
    pub(crate) fn node(&self) -> String {
        match self.kind {
            "container" => format!("container:{}", self.id),
            kind => kind.to_owned(),
        }
    }
}

/// What stands between: a network, a volume, an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hub {
    pub(crate) node: String,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
}

impl Hub {
    /// What a tie goes through. The engine and the host are nodes of their own.
    pub(crate) fn of(tie: &Tie) -> Self {
        let (node, kind) = match tie.kind {
            "engine_socket" => ("engine".to_owned(), "engine"),
            "host" => ("host".to_owned(), "host"),
            kind => (format!("{kind}:{}", tie.key), kind),
        };
        let name = match kind {
            "engine" | "host" => kind.to_owned(),
            _ => tie.through.clone(),
        };
        Self { node, kind, name }
    }
}

/// The graph as JSON. An edge points from who controls to who is controlled, where `control` is true.
pub(crate) fn graph(subject: &Value, related: &[Related]) -> Value {
    let own = format!("container:{}", subject["id"].as_str().unwrap_or_default());
    let mut nodes = vec![json!({
        "id": own, "kind": "container", "name": subject["name"], "status": subject["status"], "risk": null, "is_subject": true,
    })];
    let mut edges: Vec<Value> = Vec::new();
    let mut add_node = |id: &str, kind: &str, name: &str, status: Value, risk: Risk| {
        if let Some(known) = nodes.iter_mut().find(|node| node["id"] == id) {
            let is_worse =
                Risk::ALL.iter().find(|of| known["risk"] == of.name()).is_some_and(|known| risk > *known);
            if is_worse {
                known["risk"] = risk.name().into();
            }
            return;
        }
        nodes.push(json!({
            "id": id, "kind": kind, "name": name, "status": status, "risk": risk.name(), "is_subject": false,
        }));
    };
    let mut add_edge = |from: &str, to: &str, tie: &Tie, label: &str, is_control: bool| {
        let is_there = |edge: &Value| edge["from"] == from && edge["to"] == to && edge["kind"] == tie.kind;
        if !edges.iter().any(is_there) {
            edges.push(json!({
                "from": from, "to": to, "kind": tie.kind, "label": label, "risk": tie.risk.name(), "control": is_control,
            }));
        }
    };
    for thing in related {
        let node = thing.node();
        add_node(&node, thing.kind, &thing.name, thing.status.as_str().into(), thing.risk());
        for tie in &thing.ties {
            let labels = [0, 1].map(|side| match tie.addresses[side].as_str() {
                "" => tie.access[side],
                address => address,
            });
            if thing.kind != "container" {
                add_edge(&own, &node, tie, &tie.through, tie.control == Control::Controls);
                continue;
            }
            let hub = Hub::of(tie);
            add_node(&hub.node, hub.kind, &hub.name, Value::Null, tie.risk);
            let is_control = matches!(tie.control, Control::Controls | Control::ControlledBy);
            if tie.control == Control::ControlledBy {
                add_edge(&node, &hub.node, tie, labels[1], is_control);
                add_edge(&hub.node, &own, tie, labels[0], is_control);
            } else {
                add_edge(&own, &hub.node, tie, labels[0], is_control);
                add_edge(&hub.node, &node, tie, labels[1], is_control);
            }
        }
    }
    json!({"nodes": nodes, "edges": edges})
}
