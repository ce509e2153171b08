// The form that info.json describes, of a configuration or of an operation: fields that others reveal, checks, values.

import { combobox } from "./combobox.js";
import { fill, h } from "./dom.js";
import { isObject, parse } from "./json.js";
import { filePicker } from "./picker.js";

const SEALED = /^sealed:[A-Za-z0-9_-]{43}$/;
// A longer form begins with these, and what is required; the rest is a click away.
const LONG = 18;
const FIRST = 12;
const WIDE = new Set(["textarea", "richtext", "json", "file", "multiselect"]);
const NUMBERS = new Set(["integer", "numeric", "decimal", "text"]);
const UNIT = /^(.*) \(((?:milli|micro|nano)?seconds|minutes|hours|bytes|[KMG]iB|CPUs|percent|%)\)$/;
let numbers = 0;

/** A form. `services` has `choices(operation, form)` for live dropdowns, which hold as long as `scope()` answers the same,
 * and `upload(file)` for files. */
export class Form {
  constructor(fields, values, services, changed = () => {}, about = {}) {
    this.services = services;
    this.about = about;
    this.changed = changed;
    this.kept = { ...values }; // also of fields that are hidden now, and may come back
    this.element = h("div", { class: "form" });
    this.rows = this.render(fields, this.element);
    this.fold();
    this.chooseWay();
  }

  /** The values of the fields that are shown. */
  values() {
    return Object.fromEntries(shown(this.rows).map((row) => [row.field.name, row.value()]));
  }

  /** The values that differ from what the form begins with, and those that are required. */
  given() {
    const isSet = (row) => row.field.required || JSON.stringify(row.value()) !== JSON.stringify(row.usual);
    return Object.fromEntries(shown(this.rows).filter(isSet).map((row) => [row.field.name, row.value()]));
  }

  /** Marks what is wrong, and answers how much that is; the first such field has the focus. */
  faults() {
    const wrong = shown(this.rows).filter((row) => row.check());
    wrong[0]?.focus();
    return wrong.length;
  }

  /** Where an operation is done in one of several ways, their fields are kept apart: what is not of a way is hidden and not sent. */
  chooseWay() {
    const ways = this.about.ways ?? [];
    if (ways.length === 0) return;
    const without = (way) => this.rows.filter((row) => way.without.includes(row.field.name));
    const isFilled = (row) => JSON.stringify(row.value()) !== JSON.stringify(row.usual);
    const chosen = ways.findIndex((way) => !without(way).some(isFilled));
    const choose = (index) => {
      const hidden = new Set(without(ways[index]));
      for (const row of this.rows) {
        row.isHidden = hidden.has(row);
        row.element.hidden = row.isHidden;
      }
      buttons.forEach((button, other) => {
        button.setAttribute("aria-pressed", String(other === index));
      });
    };
    const buttons = ways.map((way, index) =>
      h("button", { type: "button", class: "chip", onclick: () => (choose(index), this.changed()) }, way.title),
    );
    this.element.prepend(h("div", { class: "ways filters", role: "group", "aria-label": "What to do" }, buttons));
    choose(Math.max(0, chosen));
  }

  /** Puts the rare fields of a long form below, out of sight unless one of them is set. */
  fold() {
    const named = this.about.rare ?? [];
    const isLong = this.rows.length - named.length > LONG;
    const rare = this.rows.filter(
      (row, index) => !row.field.required && (named.includes(row.field.name) || (isLong && index >= FIRST)),
    );
    if (rare.length === 0) return;
    const isSet = (row) => JSON.stringify(row.value()) !== JSON.stringify(row.usual);
    const below = h(
      "div",
      { class: "form" },
      rare.map((row) => row.element),
    );
    const details = h("details", { class: "rare" }, h("summary", {}, rare.length === 1 ? "1 more field" : `${rare.length} more fields`), below);
    details.open = rare.some(isSet);
    this.element.append(details);
  }

  render(fields, place) {
    const rows = (fields ?? []).filter((field) => field.visible !== false).map((field) => this.row(field));
    fill(place, ...rows.map((row) => row.element));
    return rows;
  }

  row(field) {
    const id = `field-${(numbers += 1)}`;
    const value = this.kept[field.name] ?? field.value ?? "";
    const help = field.description || field.tooltip || "";
    const further = h("div", { class: "further", hidden: true });
    const trouble = h("p", { class: "trouble", id: `${id}-trouble`, hidden: true });
    /** @type {any} */
    const row = { field, further: [], isHidden: false };
    const control = this.control(field, id, value, () => {
      this.kept[field.name] = row.value();
      reveal();
      if (!trouble.hidden) row.check();
      this.changed();
    });
    row.value = control.value;
    row.set = (next) => {
      control.input.value = next;
      control.input.dispatchEvent(new Event("change"));
    };
    row.usual =
      typeof field.value === "object" && field.value !== null
        ? field.value
        : shownLike(control.value(), field.value);
    row.focus = () => {
      const folded = row.element.closest("details");
      if (folded) folded.open = true;
      control.input.focus();
    };
    row.check = () => {
      const fault = faultOf(field, row.value());
      trouble.hidden = fault === null;
      trouble.textContent = fault ?? "";
      if (fault === null) control.input.removeAttribute("aria-invalid");
      else control.input.setAttribute("aria-invalid", "true");
      return fault !== null;
    };
    const reveal = () => {
      if (!field.onchange) return;
      const revealed = field.onchange[String(row.value())] ?? [];
      row.further = this.render(revealed, further);
      further.hidden = row.further.length === 0;
    };
    reveal();
    const isCheck = field.type === "checkbox";
    // A unit in the title, such as `Grace Period (seconds)`, stands beside the number.
    const [, title, unit] = NUMBERS.has(field.type) ? (UNIT.exec(field.title ?? "") ?? []) : [];
    const label = h(
      "label",
      { for: id, title: field.tooltip && field.tooltip !== help ? field.tooltip : null },
      title ?? field.title ?? field.name,
      unit && h("span", { class: "hidden" }, ` in ${unit}`),
      field.required && h("span", { class: "required", title: "Required" }, " *"),
    );
    const classes = ["field", isCheck && "check", WIDE.has(field.type) && "wide"].filter(Boolean).join(" ");
    const helping = h("p", { class: "help", id: `${id}-help` }, help);
    const main = h(
      "div",
      { class: classes, "data-field": field.name },
      isCheck ? h("div", { class: "line" }, control.element, label) : [label, unit ? h("div", { class: "with-unit" }, control.element, h("span", { class: "dim", "aria-hidden": "true" }, unit)) : control.element],
      trouble,
      help && helping,
    );
    control.input.setAttribute("aria-describedby", `${id}-help ${id}-trouble`);
    row.element = field.onchange ? h("div", { class: "group" }, main, further) : main;
    return row;
  }

  control(field, id, value, changed) {
    const disabled = field.editable === false;
    const common = { id, disabled, placeholder: field.placeholder, spellcheck: "false" };
    if (this.about.files?.includes(field.name) && !field.apiOperation) return this.address(common, value, changed);
    switch (field.type) {
      case "checkbox": {
        const input = h("input", { type: "checkbox", id, disabled, onchange: changed });
        input.checked = value === true || value === "true";
        return { element: input, input, value: () => input.checked };
      }
      case "select":
        if (field.apiOperation) return this.live(field, id, value, changed);
        return select(field, common, value, changed);
      case "multiselect":
        return several(field, id, value, changed);
      case "password":
        return password(common, value, changed);
      case "file":
        return this.file(common, value, changed);
      case "textarea":
      case "richtext":
        return text("textarea", { ...common, rows: 2 }, shownAs(value), changed);
      case "json": {
        const one = text("textarea", { ...common, rows: 3, class: "mono" }, shownAs(value), changed);
        return { ...one, value: () => json(one.input.value) };
      }
      case "integer":
      case "numeric":
      case "decimal": {
        const one = text("input", { ...common, type: "text", inputmode: "decimal" }, shownAs(value), changed);
        return { ...one, value: () => number(one.input.value) };
      }
      default:
        if (field.apiOperation) return this.live(field, id, value, changed);
        return text("input", { ...common, type: "text" }, shownAs(value), changed);
    }
  }

  live(field, id, value, changed) {
    const load = () => this.services.choices(field.apiOperation, this);
    const scope = this.services.scope;
    const made = combobox({
      id,
      value: shownAs(value),
      placeholder: field.placeholder,
      load,
      scope,
      changed,
    });
    return { ...made, value: () => made.input.value };
  }

  /** A field that takes the address of a file: one is chosen or dropped here, and uploaded. */
  address(common, value, changed) {
    const input = h("textarea", { ...common, rows: 1, value: shownAs(value), oninput: changed });
    const said = h("span", { class: "dim small", role: "status" });
    const take = async (file) => {
      said.textContent = `Uploading ${file.name}`;
      try {
        const made = await this.services.upload(file);
        input.value = made["@id"];
        said.textContent = file.name;
        this.setInput();
      } catch (fault) {
        said.textContent = fault.message;
      }
      changed();
    };
    return { element: dropped(take, input, filePicker("Choose a file", take), said), input, value: () => input.value };
  }

  /** Says that a file is given, where the form asks in which way the input comes. */
  setInput() {
    const row = this.rows.find((one) => one.field.name === "input");
    const option = row?.field.options?.find((one) => /file/i.test(String(one)));
    if (option) row.set?.(option);
  }

  file(common, value, changed) {
    let record = value !== null && typeof value === "object" ? value : null;
    const typed = h("textarea", { ...common, rows: 1, value: record ? "" : value, oninput: changed });
    const place = dropped((file) => take(file));
    const choosing = filePicker("Choose a file", (file) => take(file));
    const show = () =>
      record === null
        ? fill(place, typed, choosing)
        : fill(
            place,
            h("span", { class: "chosen" }, record.filename ?? record["@id"]),
            h(
              "button",
              { type: "button", class: "quiet", onclick: () => ((record = null), show(), changed()) },
              "Remove",
            ),
          );
    const take = async (file) => {
      fill(place, h("span", { class: "busy" }, `Uploading ${file.name}`));
      try {
        const made = await this.services.upload(file);
        record = { "@id": made["@id"], filename: made.filename };
        show();
      } catch (fault) {
        show();
        place.append(h("span", { class: "trouble" }, fault.message));
      }
      changed();
    };
    show();
    return { element: place, input: typed, value: () => record ?? typed.value };
  }
}

/** A place that takes a file which is dropped on it. */
function dropped(take, ...children) {
  const place = h(
    "div",
    {
      class: "file",
      ondragover: (event) => (event.preventDefault(), place.classList.add("over")),
      ondragleave: () => place.classList.remove("over"),
      ondrop: (event) => {
        event.preventDefault();
        place.classList.remove("over");
        if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
      },
    },
    ...children,
  );
  return place;
}

/** A default as the control gives it back. */
function shownLike(now, value) {
  if (typeof now === "boolean") return value === true || value === "true";
  if (Array.isArray(now)) return [];
  return typeof value === "number" ? value : (value ?? "");
}

function shown(rows) {
  return rows.filter((row) => !row.isHidden).flatMap((row) => [row, ...shown(row.further)]);
}

function shownAs(value) {
  return typeof value === "string"
    ? value
    : value === null || value === undefined
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value, null, 2)
        : String(value);
}

function number(typed) {
  const trimmed = typed.trim();
  return trimmed !== "" &&
    Number.isFinite(Number(trimmed)) &&
    Math.abs(Number(trimmed)) <= Number.MAX_SAFE_INTEGER
    ? Number(trimmed)
    : trimmed;
}

/** What FortiSOAR hands on: objects and lists as they are, all else as text. */
function json(typed) {
  try {
    const parsed = parse(typed);
    return isObject(parsed) ? parsed : typed;
  } catch {
    return typed;
  }
}

function text(tag, attributes, value, changed) {
  const input = h(tag, { ...attributes, value, oninput: changed });
  return { element: input, input, value: () => input.value };
}

function select(field, common, value, changed) {
  const options = (field.options ?? []).map((one) =>
    one !== null && typeof one === "object" ? one : { value: one, title: String(one) },
  );
  const list = options.some((one) => String(one.value) === String(value))
    ? options
    : [{ value: "", title: "" }, ...options];
  const input = h(
    "select",
    { id: common.id, disabled: common.disabled, onchange: changed },
    list.map((one) => h("option", { value: String(one.value ?? one.title) }, one.title ?? String(one.value))),
  );
  input.value = String(value ?? "");
  if (input.selectedIndex < 0) input.selectedIndex = 0;
  return { element: input, input, value: () => input.value };
}

function several(field, id, value, changed) {
  const chosen = new Set(Array.isArray(value) ? value.map(String) : []);
  const boxes = (field.options ?? []).map((one, index) => {
    const box = h("input", {
      type: "checkbox",
      id: index === 0 ? id : null,
      value: String(one?.value ?? one),
      onchange: changed,
    });
    box.checked = chosen.has(box.value);
    return box;
  });
  const element = h(
    "div",
    { class: "several", role: "group" },
    boxes.map((box) => h("label", {}, box, box.value)),
  );
  return {
    element,
    input: boxes[0] ?? element,
    value: () => boxes.filter((box) => box.checked).map((box) => box.value),
  };
}

/** A stored secret is known by its seal only: it stays unless something is typed. */
function password(common, value, changed) {
  let sealed = SEALED.test(value) ? value : "";
  const input = h("input", {
    ...common,
    type: "password",
    autocomplete: "new-password",
    value: sealed ? "" : value,
    oninput: changed,
  });
  const forget = h(
    "button",
    { type: "button", class: "quiet", onclick: () => ((sealed = ""), update(), changed()) },
    "Forget",
  );
  const update = () => {
    input.placeholder = sealed ? "stored; type to replace it" : (common.placeholder ?? "");
    forget.hidden = !sealed;
  };
  update();
  return { element: h("div", { class: "secret" }, input, forget), input, value: () => input.value || sealed };
}

/** What is wrong with a field, or null. What holds an expression of a playbook is checked when it is run. */
function faultOf(field, value) {
  const isEmpty =
    value === "" || value === null || value === undefined || (Array.isArray(value) && value.length === 0);
  if (isEmpty)
    return field.required && field.type !== "checkbox" ? `${field.title ?? field.name} is needed.` : null;
  if (typeof value === "object") return null;
  const said = String(value);
  if (said.includes("{{") || SEALED.test(said)) return null;
  if (["integer", "numeric", "decimal"].includes(field.type) && typeof value !== "number")
    return field.validation?.patternError ?? "Enter a number.";
  if (field.type === "integer" && !Number.isInteger(value))
    return field.validation?.patternError ?? "Enter a whole number.";
  if (field.type === "json") {
    try {
      JSON.parse(said);
    } catch (fault) {
      return `This is no JSON: ${fault.message}`;
    }
  }
  if (field.validation?.pattern) {
    try {
      if (!new RegExp(field.validation.pattern).test(said))
        return field.validation.patternError ?? "This does not fit.";
    } catch {
      return null; // a pattern of another dialect is left to the connector
    }
  }
  return null;
}
