// Configurations: the form of info.json, the health check, the default.

import * as api from "./api.js";
import { decided, fill, h, say } from "./dom.js";
import { Form } from "./form.js";

/** The view. `id` is a configuration's, `new`, or empty. */
export function configurations(app, id) {
  const all = app.connector.configuration;
  const chosen = all.find((one) => one.config_id === id);
  const side = h(
    "nav",
    { class: "side", "aria-label": "Configurations" },
    h(
      "div",
      { class: "finder" },
      h("a", { class: "button", href: "#/configurations/new" }, "Add a configuration"),
    ),
    h(
      "ul",
      { class: "list" },
      all.length === 0
        ? h("li", { class: "dim empty" }, "None yet.")
        : all.map((one) =>
            h(
              "li",
              {},
              h(
                "a",
                {
                  class: "item",
                  href: `#/configurations/${one.config_id}`,
                  "aria-current": one === chosen ? "page" : null,
                },
                h("span", {
                  class: `dot ${health(one)}`,
                  title: one.health_status?.status ?? "not checked yet",
                }),
                h("span", {}, one.name),
                one.default && h("span", { class: "dim" }, "default"),
              ),
            ),
          ),
    ),
  );
  if (!chosen && id !== "new") {
    const text =
      all.length === 0
        ? `A configuration tells ${app.connector.label} what to work with.`
        : "Choose a configuration, or add one.";
    return h(
      "div",
      { class: "split" },
      side,
      h("section", { class: "blank" }, h("h1", {}, "Configurations"), h("p", { class: "dim" }, text)),
    );
  }
  return h("div", { class: "split" }, side, editor(app, chosen ?? null));
}

/** How a configuration's last health check went, as a class. */
export function health(configuration) {
  return { Available: "good", Disconnected: "bad" }[configuration.health_status?.status] ?? "unknown";
}

function editor(app, stored) {
  const { connector } = app;
  const services = {
    upload: api.upload,
    scope: () => "",
    choices: async () => {
      throw new Error("a configuration has none");
    },
  };
  const form = new Form(connector.config_schema?.fields, stored?.config ?? {}, services);
  const name = h("input", {
    type: "text",
    id: "config-name",
    required: true,
    value: stored?.name ?? "",
    placeholder: "lab",
    spellcheck: "false",
  });
  const isDefault = h("input", { type: "checkbox", id: "config-default" });
  isDefault.checked = stored ? stored.default : connector.configuration.length === 0;
  const found = h("div", { class: "found", role: "status" });
  const trouble = h("p", { class: "trouble", hidden: true }, "Name is needed.");
  const test = h(
    "button",
    {
      type: "button",
      onclick: () =>
        check(() =>
          api.ask("POST", "/page/check", {
            connector: connector.name,
            version: connector.version,
            config: form.values(),
          }),
        ),
    },
    "Test",
  );
  const save = h("button", { type: "submit", class: "primary" }, "Save");

  if (["Available", "Disconnected"].includes(stored?.health_status?.status)) tell(stored.health_status);

  async function check(asking) {
    if (wrong()) return;
    await busy("Checking", async () => tell(await asking()));
  }

  function wrong() {
    trouble.hidden = name.value.trim() !== "";
    const faults = form.faults() + (trouble.hidden ? 0 : 1);
    if (!trouble.hidden) name.focus();
    if (faults > 0)
      fill(
        found,
        h(
          "p",
          { class: "state bad" },
          faults === 1 ? "One field needs your attention." : `${faults} fields need your attention.`,
        ),
      );
    return faults > 0;
  }

  async function busy(text, work) {
    save.disabled = test.disabled = true;
    fill(found, h("p", { class: "state busy" }, text));
    try {
      await work();
    } catch (fault) {
      fill(found, h("p", { class: "state bad" }, fault.message));
    } finally {
      save.disabled = test.disabled = false;
    }
  }

  function tell(answer) {
    const good = answer.status === "Available";
    fill(
      found,
      h(
        "p",
        { class: `state ${good ? "good" : "bad"}` },
        h("strong", {}, answer.status),
        " ",
        good ? "" : answer.message,
      ),
      good &&
        answer.log
          ?.filter((line) => line.startsWith("WARNING"))
          .map((line) => h("p", { class: "state warn" }, line.slice("WARNING ".length))),
    );
  }

  async function store() {
    if (wrong()) return;
    await busy("Saving", async () => {
      const body = {
        connector: connector.id,
        connector_name: connector.name,
        connector_version: connector.version,
        name: name.value.trim(),
        default: isDefault.checked,
        config: form.values(),
      };
      const row = stored
        ? await api.ask("PUT", `/api/integration/configuration/${stored.config_id}/`, body)
        : await api.ask("POST", "/api/integration/configuration/", body);
      fill(found, h("p", { class: "state busy" }, "Saved. Checking"));
      await api.health(connector, row.config_id).catch(() => null);
      app.config = app.config || row.config_id;
      await app.reload();
      say(`Saved ${row.name}`);
      app.go(`#/configurations/${row.config_id}`);
    });
  }

  async function remove() {
    await busy("Deleting", async () => {
      await api.ask("DELETE", `/api/integration/configuration/${stored.config_id}/`);
      await app.reload();
      say(`Deleted ${stored.name}`);
      app.go("#/configurations");
    });
  }

  return h(
    "form",
    { class: "work narrow", novalidate: true, onsubmit: (event) => (event.preventDefault(), store()) },
    h(
      "div",
      { class: "paper" },
      h(
        "header",
        {},
        h("h1", {}, stored ? stored.name : "A new configuration"),
        stored && h("p", { class: "facts" }, h("code", {}, stored.config_id)),
      ),
      h(
        "div",
        { class: "form" },
        h(
          "div",
          { class: "field" },
          h("label", { for: "config-name" }, "Configuration Name", h("span", { class: "required" }, " *")),
          name,
          trouble,
        ),
        h(
          "div",
          { class: "field check" },
          h(
            "div",
            { class: "line" },
            isDefault,
            h("label", { for: "config-default" }, "Mark As Default Configuration"),
          ),
          h("p", { class: "help" }, "What a step uses that names none."),
        ),
      ),
      form.element,
      h(
        "footer",
        { class: "actions" },
        h("div", { class: "line" }, save, test, stored && decided("Delete", "Delete it permanently?", remove)),
        found,
      ),
    ),
  );
}
