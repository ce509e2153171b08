// Asks the local host: FortiSOAR's API, and what the page needs beside it.

import { parse } from "./json.js";

/** What FortiSOAR puts before a connector's own words. */
export const BEFORE = /^CS-INTEGRATION-5: .*? ERROR :: /;

/** What the host answered instead of doing what it was asked for. */
export class Failure extends Error {
  constructor(message, status, call) {
    super(message);
    this.status = status;
    this.call = call;
  }
}

/** Called where the host wants a sign-in. */
export const signIn = { wanted: () => {} };

/** An answer's JSON; null where there is nothing to read. */
export async function ask(method, path, body) {
  const { data } = await answer(method, path, body);
  return data;
}

/** An answer's JSON, and the number of the call that it came of. */
export async function answer(method, path, body) {
  const isForm = body instanceof FormData;
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
      body: body === undefined || isForm ? body : JSON.stringify(body),
    });
  } catch {
    throw new Failure(
      "The local host does not answer. Look whether it still runs: fsr-docker serve.",
      0,
      null,
    );
  }
  const call = Number(response.headers.get("x-call")) || null;
  const text = await response.text();
  let data = null;
  try {
    data = text === "" ? null : parse(text);
  } catch {
    throw new Failure(text.slice(0, 2000), response.status, call);
  }
  if (!response.ok) {
    if (response.status === 401 && path !== "/page/sign-in") signIn.wanted();
    throw new Failure(data?.message ?? `HTTP ${response.status}`, response.status, call);
  }
  return { data, call };
}

export const connectors = async () => (await ask("GET", "/api/integration/connectors/?page_size=1000")).data;
export const definition = (one) => ask("GET", `/api/integration/connectors/${one.name}/${one.version}/`);
export const history = async () => (await ask("GET", "/page/history")).calls;
export const call = (id) => ask("GET", `/page/history/${id}`);

/** How far the call of this name is, and its output from a piece on: nothing of a call that does not run. */
export const progress = (name, from = 0) => ask("GET", `/page/progress/${name}?from=${from}`);

/** The calls that run, whichever tab has made them. */
export const calls = async () => (await ask("GET", "/page/calls")).calls;
export const cancel = (name) => ask("DELETE", `/page/calls/${name}`);

/** @typedef {{ name?: string, unnoted?: boolean }} How */

/** Runs an operation. With a `name` it belongs to the host: it goes on without this tab, and is found by that name. */
export function execute(connector, operation, config, params, /** @type {How} */ { name, unnoted = false } = {}) {
  const body = { connector: connector.name, version: connector.version, operation, config, params };
  const how = unnoted ? "?unnoted=true" : name ? `?progress=${name}&kept=true` : "";
  return answer("POST", `/api/integration/execute/${how}`, body);
}

/** What a health check of a stored configuration finds. */
export function health(connector, config) {
  const path = `/api/integration/connectors/healthcheck/${connector.name}/${connector.version}/`;
  return ask("GET", `${path}?config=${encodeURIComponent(config)}`);
}

/** Uploads a file and answers its record. */
export function upload(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return ask("POST", "/api/3/files", form);
}

/** Installs a package. */
export function install(file, replace) {
  const form = new FormData();
  form.append("file", file, file.name);
  return ask("POST", `/api/3/solutionpacks/install?$type=connector${replace ? "&$replace=true" : ""}`, form);
}
