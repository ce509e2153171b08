//! How an operation is declared.

use engine::ApiVersion;

use crate::{
    Error, Output, Param, Schema,
    declare::{
        arguments::Arguments,
        effect::{Category, Effect},
        endpoint::{Endpoint, Method, placeholders},
        result::Case,
        states::{self, Subject},
        target::{self, Reach, Touch},
        view::View,
    },
    run::call::Call,
};

/// An operation, as data. Built in a `const`, from [`Operation::get`] and its like:
///
/// ```
/// use operations::{Effect, Operation};
///
/// const LEAVE: Operation = Operation::post("leave_swarm", "/swarm/leave")
///     .title("Leave Swarm")
///     .about("Removes the engine from its swarm.")
///     .effect(Effect::Destroy)
///     .done("Left the swarm", "The engine was in no swarm");
/// assert_eq!(LEAVE.category().as_str(), "remediation");
///
/// // Parameters are declared beside it, as those of `stop_container` are.
/// let stop = operations::find("stop_container").unwrap();
/// assert_eq!(stop.placeholders().collect::<Vec<_>>(), ["id"]);
/// assert!(stop.param("t").is_some_and(|grace| grace.extends_deadline));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The name that playbooks call: `stop_container`.
    pub name: &'static str,
    /// Further names that are answered, but not shown.
    pub also: &'static [&'static str],
    /// The name that people read: `Stop Container`.
    pub title: &'static str,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// The method of the (first) request.
    pub method: Method,
    /// The path of the (first) request, without the version; `{id}` stands for the parameter `id`. Empty where it needs no engine.
    pub path: &'static str,
    /// What it does to the engine.
    pub effect: Effect,
    /// The first API version that has it, if newer than the oldest known.
    pub since: Option<ApiVersion>,
    /// Whether people see it. One that they do not see lists what their forms offer.
    pub visible: bool,
    /// Its parameters, in the order in which a form shows them.
    pub params: &'static [Param],
    /// What becomes of the answer.
    pub shape: Shape,
    /// The form of the result, where that does not follow from the shape: what a function makes.
    pub gives: Option<Schema>,
    /// Other forms of it, for certain values of parameters.
    pub gives_for: &'static [Case],
    /// The rows and columns of the result, where it is shown as a table.
    pub table: Option<Table>,
    /// What of its result comes piece by piece.
    pub comes: Option<Comes>,
    /// What a page shows the result as, where that does not follow from the endpoint.
    view: Option<View>,
    /// Says what it would do, for the parameter `dry_run`.
    pub(crate) dry_run: Option<Run>,
    /// What it asks of its parameters together, which needs no engine.
    pub(crate) validate: Option<Validate>,
    /// What it touches. Only an operation that reads can leave this empty.
    pub(crate) touches: &'static [Touch],
    /// Whether a call with these arguments is refused while an isolation's record of what it touches stands.
    pub(crate) upsets_isolation: Option<fn(&Arguments) -> bool>,
    category: Option<Category>,
}

/// Makes the requests of a call, and its result.
pub(crate) type Run = fn(&Call<'_>) -> Result<Output, Error>;

/// Says what is wrong with parameters that are right one by one.
pub(crate) type Validate = fn(&Arguments) -> Result<(), Error>;

/// For [`Operation::upsets_isolation`]: whatever the arguments are.
pub(crate) fn always(_: &Arguments) -> bool {
    true
}

/// How a result is shown as a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// The field of the result that holds the list; empty is the result itself.
    pub rows: &'static str,
    /// Paths within each item. None where the result names its own columns, as `ps` does.
    pub columns: &'static [&'static str],
}

/// What of a result comes piece by piece, so that a command line can print it while the call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// The output of processes that run anyway.
    Output,
    /// The output of a command that the call runs and waits for. The command's exit code is the result's `exit_code`.
    Command,
    /// Values, such as events.
    Values,
    /// Values, where this parameter asks for more than one.
    Several(&'static str),
}

/// What becomes of the answer.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// The engine's JSON is the result, unchanged.
    Json,
    /// As [`Shape::Json`], and always a list: the engine's `null` is an empty one.
    List,
    /// The engine answers nothing: a sentence, with the parameters in braces filled in. For 204, and for 304.
    Done {
        /// What was done: `Stopped container {id}`.
        done: &'static str,
        /// What was already up to date: `Container {id} was not running`.
        already: &'static str,
    },
    /// A function makes the requests and the result.
    Run(Run),
}

impl Operation {
    /// An operation that begins with a GET request.
    pub const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Get, path, Effect::Read)
    }

    /// An operation that begins with a HEAD request.
    pub const fn head(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Head, path, Effect::Read)
    }

    /// An operation that begins with a POST request.
    pub const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Post, path, Effect::Change)
    }

    /// An operation that begins with a PUT request.
    pub const fn put(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Put, path, Effect::Change)
    }

    /// An operation that begins with a DELETE request.
    pub const fn delete(name: &'static str, path: &'static str) -> Self {
        Self::new(name, Method::Delete, path, Effect::Destroy)
    }

    /// An operation that needs no engine: its function works with files alone.
    pub const fn offline(name: &'static str) -> Self {
        Self::new(name, Method::Get, "", Effect::Read)
    }

    const fn new(name: &'static str, method: Method, path: &'static str, effect: Effect) -> Self {
        Self {
            name,
            also: &[],
            title: "",
            about: "",
            method,
            path,
            effect,
            since: None,
            visible: true,
            params: &[],
            shape: Shape::Json,
            gives: None,
            gives_for: &[],
            dry_run: None,
            table: None,
            comes: None,
            view: None,
            validate: None,
            touches: &[],
            upsets_isolation: None,
            category: None,
        }
    }

    /// Sets the name that people read.
    pub const fn title(self, title: &'static str) -> Self {
        Self { title, ..self }
    }

    /// Sets what it does, in a sentence or two.
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }

    /// Sets what it does to the engine. GET and HEAD read, DELETE destroys and the rest change, unless this is said.
    pub const fn effect(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    /// Sets further names that are answered.
    pub const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// Sets where FortiSOAR files it, where that does not follow from the effect.
    pub const fn category_is(self, category: Category) -> Self {
        Self { category: Some(category), ..self }
    }

    /// Sets the first API version that has it.
    pub const fn since(self, major: u16, minor: u16) -> Self {
        Self { since: Some(ApiVersion::new(major, minor)), ..self }
    }

    /// Forms call it, and people do not see it.
    pub const fn hidden(self) -> Self {
        Self { visible: false, ..self }
    }

    /// Sets its parameters.
    pub const fn params(self, params: &'static [Param]) -> Self {
        Self { params, ..self }
    }

    /// The result is a list, also where the engine answers `null`.
    pub const fn list(self) -> Self {
        Self { shape: Shape::List, ..self }
    }

    /// The result is a sentence: see [`Shape::Done`].
    pub const fn done(self, done: &'static str, already: &'static str) -> Self {
        Self { shape: Shape::Done { done, already }, ..self }
    }

    /// Sets the form of the result that the function makes.
    pub const fn gives(self, schema: Schema) -> Self {
        Self { gives: Some(schema), ..self }
    }

    /// Sets what the result is instead for certain values of parameters.
    pub const fn gives_for(self, cases: &'static [Case]) -> Self {
        Self { gives_for: cases, ..self }
    }

    /// Sets the columns of a table: paths within each item of the result's list.
    pub const fn columns(self, columns: &'static [&'static str]) -> Self {
        self.table("", columns)
    }

    /// As [`Operation::columns`], where the list is a field of the result.
    pub const fn table(self, rows: &'static str, columns: &'static [&'static str]) -> Self {
        Self { table: Some(Table { rows, columns }), ..self }
    }

    /// Its result comes piece by piece. The function hands each piece to the call's taker, if there is one.
    pub const fn comes(self, comes: Comes) -> Self {
        Self { comes: Some(comes), ..self }
    }

    /// Sets what a page shows the result as, where that does not follow from the endpoint.
    pub const fn shows(self, view: View) -> Self {
        Self { view: Some(view), ..self }
    }

    /// A function makes the requests and the result, whose form [`Operation::gives`] says.
    pub(crate) const fn run(self, run: Run) -> Self {
        Self { shape: Shape::Run(run), ..self }
    }

    /// With the parameter `dry_run` on, this function runs instead. It only looks, and the call counts as a read.
    pub(crate) const fn dry_run(self, dry_run: Run) -> Self {
        Self { dry_run: Some(dry_run), ..self }
    }

    /// Sets what it asks of its parameters together, beyond each one's kind. It runs before the first request, also before those by which the
    /// guard looks at what the call touches: a mistake in a form costs none.
    pub(crate) const fn validated_by(self, validate: Validate) -> Self {
        Self { validate: Some(validate), ..self }
    }

    /// Sets what it touches, for the rules that protect containers. An operation that changes something and does not say it
    /// does not compile.
    pub(crate) const fn touches(self, touches: &'static [Touch]) -> Self {
        Self { touches, ..self }
    }

    /// A call would undo the isolation of what it touches, or take away what a release needs, if `when` says so of its
    /// arguments. It is refused while an isolation's record stands.
    pub(crate) const fn upsets_isolation(self, when: fn(&Arguments) -> bool) -> Self {
        Self { upsets_isolation: Some(when), ..self }
    }

    /// What a call with these arguments does and touches.
    pub(crate) fn reach(&self, arguments: &mut Arguments) -> Reach {
        target::reach(self.effect, self.touches, arguments)
    }

    /// What a call shows the state of, before and after.
    pub fn states(&self) -> Option<Subject> {
        states::of(self)
    }

    /// Where the (first) request goes.
    pub(crate) const fn endpoint(&self) -> Endpoint {
        Endpoint { method: self.method, path: self.path }
    }

    /// Whether it needs no engine.
    pub const fn is_offline(&self) -> bool {
        self.path.is_empty()
    }

    /// Where FortiSOAR files it.
    pub const fn category(&self) -> Category {
        match (self.category, self.effect) {
            (Some(category), _) => category,
            (None, Effect::Read) => Category::Investigation,
            (None, Effect::Contain) => Category::Containment,
            (None, Effect::Change | Effect::Destroy) => Category::Remediation,
        }
    }

    /// What a page shows the result as.
    pub fn view(&self) -> View {
        self.view.unwrap_or_else(|| View::of(self))
    }

    /// The parameter of this name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The names of the parameters in the path: `id` in `/containers/{id}/stop`.
    pub fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        placeholders(self.path)
    }
}

/// The first operation of a catalogue that changes something and does not declare what it touches, or declares it by a
/// parameter that it does not have.
pub(crate) const fn undeclared(groups: &[&[Operation]]) -> Option<&'static str> {
    let mut group = 0;
    while group < groups.len() {
        let operations = groups[group];
        let mut at = 0;
        while at < operations.len() {
            let Operation { name, effect, touches, params, .. } = operations[at];
            if !target::is_declared(effect, touches, params) {
                return Some(name);
            }
            at += 1;
        }
        group += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::param::CONTAINER;

    #[test]
    fn a_change_without_a_target_is_found() {
        const STOP: Operation = Operation::post("planted", "/containers/{id}/stop").params(&[CONTAINER]);
        const LOOK: Operation = Operation::get("look", "/containers/{id}/json").params(&[CONTAINER]);
        const DECLARED: Operation = STOP.touches(&[Touch::Container("id")]);
        const MISSPELT: Operation = STOP.touches(&[Touch::Container("ID")]);
        for (operation, found) in
            [(LOOK, None), (DECLARED, None), (STOP, Some("planted")), (MISSPELT, Some("planted"))]
        {
            assert_eq!(undeclared(&[&[LOOK], &[operation]]), found);
        }
    }
}
