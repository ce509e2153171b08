//! Parameters that several operations have, and what is done to lists of them.

use crate::Secrecy;

use super::{Param, Place, ValueKind, flag, id, integer, object};

/// Docker's filters.
pub(crate) const FILTERS: Param = Param::new("filters", ValueKind::Filters)
    .title("Filters")
    .about("Docker's filters, such as {\"label\": [\"env=prod\"]}.");

/// Docker's filters of a prune.
pub(crate) const PRUNE_FILTERS: Param = Param::new("filters", ValueKind::PruneFilters)
    .title("Filters")
    .about("Docker's filters, such as {\"label\": [\"env=test\"], \"until\": [\"24h\"]}. If empty, everything unused is removed. A name without a value is refused.");

/// What the form has no field for.
pub(crate) const ADDITIONAL_FIELDS: Param = Param { place: Place::Merged, ..object("additional_fields") }
    .secret(Secrecy::Within)
    .title("Additional Fields")
    .about("Additional fields of the request, as the Docker Engine API names them. They are merged with the fields above. A field that is set in both is refused.");

/// How long an operation that may lawfully block has.
pub(crate) const TIME_LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call ends after this time and returns what it has. If empty, the configuration's timeout applies.")
    .local();

/// For what takes something away.
pub(crate) const DRY_RUN: Param =
    flag("dry_run").title("Dry Run").about("Only report what would be done, and change nothing.").local();

/// For what contains: who is contained must not decide.
pub(crate) const OVERRIDE_PROTECTION: Param = flag("override_protection")
    .title("Override Protection")
    .about("Act even if protected_containers protects the container. This needs access level Full, and the result and the log record it.")
    .local();

/// For what would undo an isolation, or take away what a release needs.
pub(crate) const OVERRIDE_ISOLATION: Param = flag("override_isolation")
    .title("Override Isolation")
    .about("Act even if the container is isolated by isolate_container. Otherwise this is refused until release_container.")
    .local();

/// A container.
pub(crate) const CONTAINER: Param =
    id("id").title("Container").about("The container's id or name.").picked_from("pick_container");

/// Several lists of parameters as one. `N` is the sum of their lengths.
pub(crate) const fn joined<const N: usize>(lists: &[&[Param]]) -> [Param; N] {
    let mut all = [CONTAINER; N];
    let (mut filled, mut list) = (0, 0);
    while list < lists.len() {
        let mut at = 0;
        while at < lists[list].len() {
            all[filled] = lists[list][at];
            filled += 1;
            at += 1;
        }
        list += 1;
    }
    assert!(filled == N, "N is not the sum of the lengths");
    all
}

/// The same parameters, as fields of an object of the body: see [`Param::within`].
pub(crate) const fn all_within<const N: usize>(object: &'static str, mut params: [Param; N]) -> [Param; N] {
    let mut at = 0;
    while at < N {
        params[at] = params[at].within(object);
        at += 1;
    }
    params
}

/// The same parameters, of an operation that has them only since this API version.
pub(crate) const fn since<const N: usize>(major: u16, minor: u16, mut params: [Param; N]) -> [Param; N] {
    let mut at = 0;
    while at < N {
        params[at] = params[at].since(major, minor);
        at += 1;
    }
    params
}
