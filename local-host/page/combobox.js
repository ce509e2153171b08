// A text field with live choices, which an operation of the connector answers. What is typed counts, chosen or not.

import { BEFORE } from "./api.js";
import { fill, h } from "./dom.js";

const SHOWN = 100;
// Containers come and go: older choices are asked for again.
const FRESH_MILLISECONDS = 15_000;
let numbers = 0;

/** `load` answers a list of strings or of `{title, value}`; it is asked when the field is opened, and asked again when
 * `scope` answers something else. */
export function combobox({ id, value, placeholder, load, scope, changed }) {
  const list = h("ul", { class: "choices", role: "listbox", id: `choices-${(numbers += 1)}`, hidden: true });
  const input = h("input", {
    type: "text",
    id,
    value,
    placeholder,
    autocomplete: "off",
    spellcheck: "false",
    role: "combobox",
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-controls": list.id,
    oninput: () => (changed(), open()),
    onfocus: () => open(),
    onclick: () => open(),
    onblur: () => close(),
    onkeydown: key,
  });
  let choices = null;
  let isWanted = false; // not closed since it was opened, so that an answer which comes late does not open it again
  let active = -1;
  let loading = null;
  let loaded = { at: 0, scope: null };

  function open() {
    isWanted = true;
    if (performance.now() - loaded.at > FRESH_MILLISECONDS || loaded.scope !== scope()) choices = null;
    if (choices !== null) show();
    else if (loading === null) ask();
  }

  async function ask() {
    const asked = scope();
    tell("Loading choices");
    try {
      loading = load();
      choices = (await loading).map(choice);
      loaded = { at: performance.now(), scope: asked };
      loading = null;
      if (isWanted) show();
    } catch (fault) {
      tell(`Cannot load the choices: ${fault.message.replace(BEFORE, "")}`, true);
      setTimeout(() => (loading = null), 3000); // it may be asked again
    }
  }

  function tell(text, isTrouble = false) {
    fill(list, h("li", { class: isTrouble ? "remark bad" : "remark", "aria-disabled": "true" }, text));
    list.hidden = !isWanted;
    active = -1;
  }

  function show() {
    const typed = input.value.trim().toLowerCase();
    const exact = choices.some((one) => one.value.toLowerCase() === typed);
    const fits = (one) => exact || `${one.title}\n${one.value}`.toLowerCase().includes(typed);
    const fitting = choices.filter(fits);
    if (choices.length === 0) return tell("No matches. Your text will be used.");
    if (fitting.length === 0) return tell("No choice fits. What is typed counts.");
    const shown = fitting.slice(0, SHOWN).map((one, index) =>
      h(
        "li",
        {
          role: "option",
          id: `${list.id}-${index}`,
          "aria-selected": "false",
          "data-value": one.value,
          onmousedown: (event) => (event.preventDefault(), choose(one.value)),
        },
        h("span", { class: "title" }, one.title),
        one.value !== one.title && h("span", { class: "dim mono" }, one.value),
      ),
    );
    const more = fitting.length - SHOWN;
    fill(
      list,
      shown,
      more > 0 &&
        h("li", { class: "remark", "aria-disabled": "true" }, `${more} more: type to narrow them down`),
    );
    active = -1;
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  }

  function close() {
    isWanted = false;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
  }

  function choose(value) {
    input.value = value;
    changed();
    close();
  }

  function key(event) {
    const options = [...list.querySelectorAll("[role=option]")];
    if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return open();
      if (options.length === 0) return;
      options[active]?.setAttribute("aria-selected", "false");
      active =
        (active + (event.key === "ArrowDown" ? 1 : options.length - (active < 0 ? 0 : 1))) % options.length;
      options[active].setAttribute("aria-selected", "true");
      options[active].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", options[active].id);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      close();
    } else if (event.key === "Enter" && !list.hidden && options[active]) {
      event.preventDefault();
      choose(options[active].dataset.value);
    }
  }

  return { element: h("div", { class: "combobox" }, input, list), input };
}

function choice(one) {
  if (one !== null && typeof one === "object") {
    const value = String(one.value ?? one.title ?? "");
    return { value, title: String(one.title ?? value) };
  }
  return { value: String(one), title: String(one) };
}
