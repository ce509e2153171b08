// Files and attachments: uploaded for operations that take one, and what operations have made.

import * as api from "./api.js";
import { bytes, copy, decided, fill, h, moment, say } from "./dom.js";
import { filePicker } from "./picker.js";

/** The view. */
export function files() {
  const place = h("section", { class: "page" }, h("p", { class: "state busy" }, "Loading the files"));
  const show = () =>
    all(place).catch((fault) =>
      fill(
        place,
        h("p", { class: "state bad", role: "alert" }, fault.message),
        h("button", { type: "button", class: "quiet", onclick: show }, "Try again"),
      ),
    );
  show();
  return place;
}

async function all(place) {
  const attachments = (await api.ask("GET", "/api/3/attachments"))["hydra:member"];
  const found = h("div", { role: "status" });
  const [choose, picker] = filePicker("Upload a file", take, { looks: "primary" });

  async function take(file) {
    choose.disabled = true;
    fill(found, h("p", { class: "state busy" }, `Uploading ${file.name}`));
    try {
      const made = await api.upload(file);
      await api.ask("POST", "/api/3/attachments", { name: file.name, file: made["@id"] });
      await all(place);
      say(`Uploaded ${file.name}`);
    } catch (fault) {
      choose.disabled = false;
      fill(found, h("p", { class: "state bad" }, fault.message));
    }
  }

  async function remove(one) {
    try {
      await api.ask("DELETE", one["@id"]);
      if (one.file?.["@id"]) await api.ask("DELETE", one.file["@id"]);
      await all(place);
      say(`Deleted ${one.name}`);
    } catch (fault) {
      fill(found, h("p", { class: "state bad" }, fault.message));
    }
  }

  const row = (one) =>
    h(
      "tr",
      {},
      h(
        "td",
        {},
        h(
          "a",
          { href: `/page/download/${one["@id"].split("/").pop()}`, download: one.file?.filename ?? one.name },
          one.file?.filename ?? one.name,
        ),
        one.name !== one.file?.filename && h("div", { class: "dim small" }, one.name),
      ),
      h("td", { class: "number nowrap" }, typeof one.file?.size === "number" ? bytes(one.file.size) : ""),
      h("td", { class: "nowrap" }, one.createDate ? moment(one.createDate) : ""),
      h(
        "td",
        {},
        h(
          "button",
          {
            type: "button",
            class: "path mono",
            title: "Copy it, for a field that takes an attachment",
            onclick: () => copy(one["@id"]),
          },
          one["@id"],
        ),
      ),
      h(
        "td",
        {},
        decided("Delete", "Delete it permanently?", () => remove(one)),
      ),
    );
  fill(
    place,
    h("div", { class: "line spread" }, h("h1", {}, "Files"), h("div", { class: "line" }, choose, picker)),
    h(
      "p",
      { class: "dim" },
      "Attachments, as FortiSOAR has them. An operation that takes one is given its address, which a click copies; what operations make is here, too.",
    ),
    found,
    attachments.length === 0
      ? h("p", { class: "dim" }, "None yet.")
      : h(
          "div",
          { class: "scroll" },
          h(
            "table",
            {},
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                ["File", "Size", "Made", "Address", "Actions"].map((name) => h("th", { scope: "col" }, name)),
              ),
            ),
            h("tbody", {}, attachments.map(row)),
          ),
        ),
  );
}
