// What an operation answers, as info.json describes it.

const CONDITION = /^\{\{(\w+) === (?:'([^']*)'|(true|false))\}\}$/;

/** The skeleton of the result that these values of its form lead to; null where nothing is known of it. */
export function schema(operation, values) {
  const holds = ({ condition }) => {
    const [, name, text, flag] = CONDITION.exec(condition ?? "") ?? [];
    return name !== undefined && String(values[name] ?? "") === (text ?? flag);
  };
  const cases = operation.conditional_output_schema ?? [];
  const fitting = cases.find(holds) ?? cases.find((one) => one.is_default);
  const found = fitting?.output_schema ?? operation.output_schema;
  return found && Object.keys(found).length > 0 ? found : null;
}
