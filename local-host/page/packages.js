// Packages: installed, replaced, uninstalled.

import * as api from "./api.js";
import { decided, fill, h, say } from "./dom.js";
import { filePicker } from "./picker.js";

/** The view. */
export function packages(app) {
  const found = h("div", { role: "status" });
  const replace = h("input", { type: "checkbox", id: "replace" });
  replace.checked = true;
  const [choose, picker] = filePicker("Choose a package (.tgz)", install, {
    looks: "primary",
    accept: ".tgz,.gz",
  });
  const drop = h(
    "div",
    {
      class: "drop",
      ondragover: (event) => (event.preventDefault(), drop.classList.add("over")),
      ondragleave: () => drop.classList.remove("over"),
      ondrop: (event) => (
        event.preventDefault(),
        drop.classList.remove("over"),
        event.dataTransfer.files[0] && install(event.dataTransfer.files[0])
      ),
    },
    choose,
    picker,
    h("span", { class: "dim" }, "or drop it here"),
    h("label", { class: "line" }, replace, "Install over the same version"),
  );

  async function install(file) {
    choose.disabled = true;
    fill(found, h("p", { class: "state busy" }, `Installing ${file.name}`));
    try {
      const made = await api.install(file, replace.checked);
      await app.reload(made.id);
      say(`Installed ${made.name} ${made.version}`);
      app.go(app.connector.configuration.length > 0 ? "#/operations" : "#/configurations/new");
    } catch (fault) {
      fill(found, h("pre", { class: "state bad" }, fault.message));
    } finally {
      choose.disabled = false;
    }
  }

  async function uninstall(one) {
    try {
      await api.ask("DELETE", `/api/integration/connectors/${one.id}/`);
      await app.reload();
      say(`Uninstalled ${one.name} ${one.version}`);
      app.go("#/packages");
    } catch (fault) {
      fill(found, h("p", { class: "state bad" }, fault.message));
    }
  }

  const row = (one) => {
    const isLast = app.connectors.filter((other) => other.name === one.name).length === 1;
    const question =
      isLast && one.config_count > 0
        ? `Uninstall it, with its ${one.config_count} configurations?`
        : "Uninstall it?";
    return h(
      "tr",
      {},
      h(
        "td",
        {},
        h(
          "span",
          { class: "line" },
          one.icon_small && h("img", { src: one.icon_small, alt: "", width: 24, height: 24 }),
          h("strong", {}, one.label),
        ),
      ),
      h("td", {}, h("code", {}, one.name)),
      h("td", {}, one.version),
      h("td", { class: "number" }, String(one.config_count)),
      h(
        "td",
        {},
        decided("Uninstall", question, () => uninstall(one)),
      ),
    );
  };
  return h(
    "section",
    { class: "page" },
    h("h1", {}, "Packages"),
    h(
      "p",
      { class: "dim" },
      "A package is installed as FortiSOAR's importer installs it, and refused for what it would refuse, with the reasons.",
    ),
    drop,
    found,
    app.connectors.length > 0 &&
      h(
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
              ["Connector", "Name", "Version", "Configurations", "Actions"].map((name) =>
                h("th", { scope: "col" }, name),
              ),
            ),
          ),
          h("tbody", {}, app.connectors.map(row)),
        ),
      ),
  );
}
