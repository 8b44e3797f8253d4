// Where views come from: the server, or the data in an exported file. Both answer the same four questions.
"use strict";

(() => {
  class Problem extends Error {
    constructor({ message, remedy = "", snippet = "", fits = "" }) {
      super(message);
      Object.assign(this, { remedy, snippet, fits }); // `fits`: as much of a path as there is
    }
  }

  async function ask(question, parameters, signal) {
    let answer;
    try {
      answer = await fetch(`/api/${question}?${new URLSearchParams(parameters)}`, { signal, cache: "no-store" });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({ message: "the server does not answer", remedy: "is kubecheck explore still running in its terminal?" });
    }
    const data = await answer.json();
    if (!answer.ok) throw new Problem(data);
    return data;
  }

  const served = () => {
    const views = new Map(); // by path: a state does not change
    return {
      exported: false,
      info: () => ask("info", {}),
      rows: (path) => ask("rows", { path }),
      async view(path) {
        if (!views.has(path)) {
          if (views.size > 500) views.delete(views.keys().next().value);
          views.set(path, await ask("view", { path }));
        }
        return views.get(path);
      },
      has: () => true,
      find: (what, signal) => ask("find", what, signal),
    };
  };

  const exported = (data) => {
    const view = (path) => {
      if (path in data.views) return data.views[path];
      throw new Problem({
        message: `step ${explorer.steps(path)} of this path is not in the file`,
        remedy: `explore it with: ${data.info.command}`,
        fits: explorer.prefixes(path).filter((prefix) => prefix in data.views).pop(),
      });
    };
    return {
      exported: true,
      info: async () => data.info,
      rows: async (path) => explorer.prefixes(path).map((prefix) => view(prefix).row),
      view: async (path) => view(path),
      has: (path) => path in data.views,
      find: async () => {
        throw new Problem({ message: "a file cannot search", remedy: `explore it with: ${data.info.command}` });
      },
    };
  };

  explorer.Problem = Problem;
  explorer.source = () => (typeof explorer_data === "undefined" ? served() : exported(explorer_data));
})();
