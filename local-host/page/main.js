// The page: what is chosen, where one is, and the bar above it.

import * as api from "./api.js";
import { find, listen, underWay } from "./calls.js";
import { configurations, health } from "./configurations.js";
import { fill, h } from "./dom.js";
import { files } from "./files.js";
import { history } from "./history.js";
import { operations } from "./operations.js";
import { unsaved } from "./kept.js";
import { packages } from "./packages.js";
import { takeOver } from "./workbench.js";

const VIEWS = { operations, configurations, history, files, packages };
const TITLES = {
  operations: "Operations",
  configurations: "Configurations",
  history: "History",
  files: "Files",
  packages: "Packages",
};

const app = {
  /** Everything that is installed. */
  connectors: [],
  /** What is worked with, in full; null where nothing is installed. */
  connector: null,
  /** The chosen configuration's id, or empty. */
  config: "",
  /** Whether one is signed in, and everything was read. */
  isReady: false,

  /** Reads anew what is installed, and chooses what was chosen, or a connector by the number of its installation. */
  async reload(id = app.connector?.id) {
    app.connectors = await api.connectors();
    const one = app.connectors.find((other) => other.id === id) ?? app.connectors[0];
    app.connector = one ? await api.definition(one) : null;
    const ids = app.connector?.configuration.map((configuration) => configuration.config_id) ?? [];
    if (!ids.includes(app.config)) {
      app.config =
        app.connector?.configuration.find((configuration) => configuration.default)?.config_id ??
        ids[0] ??
        "";
    }
  },

  /** Works with another connector. */
  async use(id) {
    if (app.connector?.id !== id) await app.reload(id);
  },

  /** Works with another configuration. */
  choose(config) {
    app.config = config;
    bar();
  },

  /** Goes somewhere, also to where one is. */
  go(hash) {
    if (location.hash === hash) show();
    else location.hash = hash;
  },
};

const main = document.getElementById("main");

function where() {
  const [, view = "operations", id = ""] = /^#\/([a-z]+)(?:\/([\w-]+))?$/.exec(location.hash) ?? [];
  return { view: Object.hasOwn(VIEWS, view) ? view : "operations", id };
}

function show() {
  let { view, id } = where();
  if (!app.connector && !["history", "files"].includes(view)) view = "packages";
  document.title = `${TITLES[view]} \u00b7 Local host`;
  bar(view);
  fill(main, VIEWS[view](app, id));
}

function bar(view = where().view) {
  const link = (name) =>
    h("a", { href: `#/${name}`, "aria-current": name === view ? "page" : null }, TITLES[name]);
  const versions = h(
    "select",
    {
      "aria-label": "Connector",
      onchange: async () => (await app.use(Number(versions.value)), app.go("#/operations")),
    },
    app.connectors.map((one) => h("option", { value: String(one.id) }, `${one.label} ${one.version}`)),
  );
  if (app.connector) versions.value = String(app.connector.id);
  const configuration = app.connector?.configuration.find((one) => one.config_id === app.config);
  fill(
    document.getElementById("bar"),
    h(
      "div",
      { class: "brand" },
      h("img", { src: app.connector?.icon_small ?? "/assets/icon.svg", alt: "", width: 24, height: 24 }),
      app.connectors.length > 1
        ? versions
        : app.connector
          ? h(
              "span",
              {},
              h("strong", {}, app.connector.label),
              h("span", { class: "dim" }, ` ${app.connector.version}`),
            )
          : h("strong", {}, "Local host"),
    ),
    h("nav", { "aria-label": "Views" }, Object.keys(TITLES).map(link)),
    h(
      "div",
      { class: "line" },
      h("span", { id: "busy", class: "dim" }),
      configuration &&
        h(
          "a",
          {
            class: "health",
            href: `#/configurations/${configuration.config_id}`,
            title: configuration.health_status?.message ?? "not checked yet",
          },
          h("span", { class: `dot ${health(configuration)}` }),
          configuration.name,
        ),
      h(
        "button",
        { type: "button", class: "quiet", onclick: theme, title: "Dark or light" },
        "\u25d0",
        h("span", { class: "hidden" }, "Dark or light"),
      ),
      h("button", { type: "button", class: "quiet", onclick: signOut }, "Sign out"),
    ),
  );
  busy();
  if (configuration) check(configuration);
}

/** A configuration that was never checked is checked once it is worked with. */
async function check(configuration) {
  if (configuration.health_status?.status) return;
  configuration.health_status = { status: "Checking", message: "being checked" };
  try {
    configuration.health_status = await api.health(app.connector, configuration.config_id);
    if (app.isReady) bar();
  } catch (fault) {
    configuration.health_status.message = fault.message;
  }
}

function busy() {
  const place = document.getElementById("busy");
  const count = underWay().length;
  if (place) place.textContent = count > 0 ? `${count} running` : "";
}

function theme() {
  const isDark = getComputedStyle(document.documentElement).colorScheme === "dark";
  const chosen = isDark ? "light" : "dark";
  document.documentElement.dataset.theme = chosen;
  localStorage.setItem("theme", chosen);
}

async function signOut() {
  await api.ask("POST", "/page/sign-out", {}).catch(() => null);
  door();
}

/** Asks for the key. */
function door(said = "") {
  app.isReady = false;
  fill(
    document.getElementById("bar"),
    h(
      "div",
      { class: "brand" },
      h("img", { src: "/assets/icon.svg", alt: "", width: 24, height: 24 }),
      h("strong", {}, "Local host"),
    ),
  );
  const key = h("input", { type: "password", id: "key", autocomplete: "current-password", required: true });
  const trouble = h("p", { class: "trouble", role: "alert" }, said);
  const enter = async (event) => {
    event.preventDefault();
    try {
      await api.ask("POST", "/page/sign-in", { key: key.value });
      await begin();
    } catch (fault) {
      trouble.textContent = fault.message;
    }
  };
  fill(
    main,
    h(
      "form",
      { class: "door", onsubmit: enter },
      h("h1", {}, "Sign in"),
      h(
        "p",
        { class: "dim" },
        "With the link that fsr-docker serve has shown, which opens once, or with the API key. It is in the file ",
        h("code", {}, "api-key"),
        " of the state folder.",
      ),
      h("label", { for: "key" }, "API key"),
      key,
      trouble,
      h("button", { type: "submit", class: "primary" }, "Sign in"),
    ),
  );
  key.focus();
}

async function begin() {
  fill(main, h("p", { class: "state busy" }, "Loading"));
  try {
    await app.reload();
  } catch (fault) {
    if (fault.status !== 401)
      fill(
        main,
        h("p", { class: "state bad", role: "alert" }, fault.message),
        h("button", { type: "button", class: "quiet", onclick: begin }, "Try again"),
      );
    else door();
    return;
  }
  app.isReady = true;
  await look();
  show();
}

api.signIn.wanted = () => door();
addEventListener("hashchange", () => {
  if (!app.isReady) return;
  show();
  // What had the focus may be gone, and with it the place from which Tab goes on.
  const heading = main.querySelector("h1");
  if (document.activeElement !== document.body || !heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
});
addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof Element && event.target.matches("input, textarea, select");
  if (event.key === "/" && !isTyping) {
    const find = document.getElementById("find");
    if (find instanceof HTMLInputElement) (event.preventDefault(), find.focus(), find.select());
  }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const work = main.querySelector("form.work");
    if (work instanceof HTMLFormElement) (event.preventDefault(), work.requestSubmit());
  }
});
/** Calls that this tab did not begin are shown as its own. */
async function look() {
  if (!app.isReady) return;
  await find((call, about) => {
    takeOver(app, call, about);
    const { view, id } = where();
    if (view === "operations" && id === about.operation) show();
  }).catch(() => null);
}
setInterval(look, 2000);
addEventListener("beforeunload", (event) => {
  if (unsaved().length > 0 || app.isDirty?.()) event.preventDefault();
});
addEventListener("pagehide", () => {
  if (localStorage.getItem("cancelOnClose") === "yes") navigator.sendBeacon("/page/left");
});
listen(busy);
begin();
