// What an operation answers, as info.json describes it.

// As connectors write it: {{format === 'Asset List'}}, {{this['dry_run'] === true}}, also with && and ||; {{true}} comes last.
const CONDITION = /^\{\{(.*)\}\}$/;
const COMPARISON = /^(?:(\w+)|this\['([^']*)'\])\s*([!=])==\s*(?:'([^']*)'|(true|false))$/;

/** The skeleton of the result that these values of its form lead to; null where nothing is known of it. */
export function schema(operation, values) {
  const cases = operation.conditional_output_schema ?? [];
  const fitting = cases.find((one) => holds(one.condition, values)) ?? cases.find((one) => one.is_default);
  const found = fitting?.output_schema ?? operation.output_schema;
  return found && Object.keys(found).length > 0 ? found : null;
}

/** Whether a condition holds for the values of a form. */
function holds(condition, values) {
  const [, text = ""] = CONDITION.exec(condition ?? "") ?? [];
  const each = (comparison) => compares(comparison.replace(/[()]/g, "").trim(), values);
  return text.split("||").some((all) => all.split("&&").every(each));
}

function compares(comparison, values) {
  if (comparison === "true") return true;
  const [, plain, quoted, sign, text, flag] = COMPARISON.exec(comparison) ?? [];
  if (sign === undefined) return false;
  return (String(values[plain ?? quoted] ?? "") === (text ?? flag)) === (sign === "=");
}
