//! What a field can hold: a part of `docs/playbooks.md`, with a row for each kind of value that has more than one form.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use operations::shown;

use crate::kind::Appearance;

/// What is true of all kinds.
const RULES: &str = "\
A field takes what a template writes. What the connector does not understand, or can read in two ways, it refuses by the field's name, before
it sends anything.

- **Empty.** Empty text, spaces, `null`, `[]` and `{}` count as not given. `false` and `0` are values.
- **`None` and `null` as text** are what templates write for a value that is not set. In numbers, boxes, choices, times, lists, maps, JSON and Docker's
  notations they count as empty; on an operation that deletes (prune, remove), and in filters, they are refused. In names, ids and other one-line text, and as
  an item of a list, `None` is refused. In text of several lines, in the value of a `name=value`, and as a word of a command it is text. `none` in lower case
  is Docker's own word, never empty.
- **True and false.** `true`, `yes`, `on` and `1`, their opposites, and Python's `True` and `False`. In a map or in variables, JSON's `true` becomes the text
  `true`; a text stays as it is.
- **Whole numbers.** `10`, `10.0`, `1e1`, as numbers or text. Fractions, `NaN`, digits other than 0 to 9, and numbers that are not exact (more than 64 bits, or a
  float from 2^53 on) are refused.
- **JSON as text**, also as Python writes it: `{'a': True, 'b': None}`, `('a', 'b')`. It must be complete: text that follows it, a name that stands twice, and
  quotes that a rich text field has escaped (`&quot;`) are refused. So are Python's other objects, such as sets and `dict_keys([...])`; use `| list`.
- **Objects of the API** (`HostConfig`, `NetworkingConfig`, `IPAM`, `additional_fields`, the JSON of a notation): each field gets the type that the API has for
  it, where nothing is lost: `\"3\"` becomes 3, `1e10` becomes 10000000000, `\"512m\"` of memory becomes bytes, `\"30s\"` becomes nanoseconds, 1000 as a user becomes
  text. Names in another case (`interval`) become the API's. Anything else is refused by its path, such as `HostConfig.Memory`. Fields that the
  connector does not know pass as they are.
- **Lines** end with a line feed, or a carriage return and a line feed. A carriage return alone is refused. Spaces around a line are taken away.
- **Quotes** are no part of the notation of lists and of `name=value`: where they stand around a value, it is refused. Write JSON where they belong to it.
- **Commas.** A map in one line is one pair: ``rule=Host(`a`,`b=c`)``. Where a comma could also begin a second pair, as in `o=size=1m,uid=1000` or `A=1,B=2`, the line is
  refused: write one pair on each line, or JSON such as `{\"o\": \"size=1m,uid=1000\"}`. A list has commas or lines, not both.
";

/// Writes the section.
pub(crate) fn write_values(page: &mut String) -> fmt::Result {
    writeln!(page, "\n## What a field can hold\n\n{RULES}")?;
    writeln!(page, "| Type | Forms |\n| --- | --- |")?;
    let kinds: BTreeMap<String, &str> = shown()
        .flat_map(|operation| operation.params)
        .map(|param| Appearance::of(param.kind))
        .filter(|kind| !kind.forms.is_empty())
        .map(|kind| (kind.name.split(':').next().unwrap_or_default().to_owned(), kind.forms))
        .collect();
    kinds.iter().try_for_each(|(name, forms)| writeln!(page, "| {name} | {forms} |"))
}
