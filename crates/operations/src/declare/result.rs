//! How an operation declares what it gives: the form of its result, whose paths the playbook designer offers.

/// The form of a result, as data.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// The engine's answer to a request, such as `GET /events`. The fields of the API's answers are data of the package.
    Answer(&'static str),
    /// Fields that hold one value each: a text, a number, true, false or null.
    Fields(&'static [&'static str]),
    /// A field that holds an object or a list.
    Field(&'static str, &'static Schema),
    /// A list of these.
    List(&'static Schema),
    /// One value, such as an item of a list of texts.
    Value,
    /// An object whose fields are not known beforehand, such as labels.
    Object,
    /// The fields of all of these, in this order.
    All(&'static [Schema]),
}

/// What an operation gives instead where a parameter has this value.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// The parameter's name.
    pub param: &'static str,
    /// The title of its option; `true` of a flag.
    pub option: &'static str,
    /// What the result is then.
    pub schema: Schema,
}

/// For [`Operation::gives_for`](crate::Operation::gives_for).
pub(crate) const fn case(param: &'static str, option: &'static str, schema: Schema) -> Case {
    Case { param, option, schema }
}

/// A list of texts.
pub(crate) const TEXTS: Schema = Schema::List(&Schema::Value);

/// What says that something was done, and to what.
pub(crate) const DONE: Schema = Schema::Fields(&["result", "id", "outcome"]);

/// What says that a protection was set aside: the rule.
pub(crate) const OVERRIDDEN: Schema = Schema::Fields(&["overridden"]);
