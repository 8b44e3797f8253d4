// Where one is: a path and a step of it. It stands in the URL behind the #, so that it can be pasted into an issue.
//
//   #path=0.3.1.12&at=2&spec=4e1f…     the choices from the initial state on, the step looked at, what the spec was
"use strict";

(() => {
  explorer.steps = (path) => path.split(".").length - 1;

  // the path up to a step
  explorer.prefix = (path, step) => path.split(".").slice(0, step + 1).join(".");

  explorer.prefixes = (path) => path.split(".").map((_, step) => explorer.prefix(path, step));

  // the last step that two paths have in common
  explorer.parting = (one, other) => {
    const a = one.split("."), b = other.split(".");
    const differs = a.findIndex((choice, step) => choice !== b[step]);
    return Math.max(0, (differs < 0 ? a.length : differs) - 1);
  };

  explorer.readPlace = (hash, info) => {
    const found = new URLSearchParams(hash.replace(/^#/, ""));
    const path = found.get("path") || info.start;
    const last = explorer.steps(path);
    const at = found.has("at") ? Number.parseInt(found.get("at"), 10) : found.has("path") ? last : info.start_at;
    return { path, at: Number.isNaN(at) ? last : Math.min(Math.max(at, 0), last), spec: found.get("spec") || "" };
  };

  explorer.writePlace = ({ path, at }, fingerprint) => {
    const step = at === explorer.steps(path) ? "" : `&at=${at}`;
    return `#path=${path}${step}&spec=${fingerprint}`;
  };
})();
