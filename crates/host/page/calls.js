// The calls that this page has under way: how long they have run, and how they are cancelled.

const running = new Set();
const listeners = new Set();

/** Begins a call. `run` is given the signal that cancels it. */
export function begin(title, run) {
  const controller = new AbortController();
  const call = {
    title,
    began: performance.now(),
    cancel: () => controller.abort(),
    elapsed: () => (performance.now() - call.began) / 1000,
  };
  running.add(call);
  tell();
  call.done = run(controller.signal).finally(() => {
    running.delete(call);
    tell();
  });
  return call;
}

/** All of them. */
export function underWay() {
  return [...running];
}

/** Called whenever one begins or ends, and each second while there is one. Answers how to stop listening. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

setInterval(() => running.size > 0 && tell(), 500);
