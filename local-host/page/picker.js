// A button that opens the browser's file dialog.

import { h } from "./dom.js";

/** @typedef {{ looks?: string, accept?: string }} How */

/** The button, and the input that belongs beside it. `take` is called with the file that was chosen, also the same one again. */
export function filePicker(label, take, /** @type {How} */ { looks = "quiet", accept } = {}) {
  const input = h("input", {
    type: "file",
    accept,
    hidden: true,
    onchange: () => {
      const [file] = input.files;
      input.value = "";
      if (file) take(file);
    },
  });
  return [h("button", { type: "button", class: looks, onclick: () => input.click() }, label), input];
}
