// The page: one state, drawn anew whenever it changes. Where one is stands in the URL, so back and forward are the browser's.
"use strict";

(() => {
  const { html } = explorer;
  const source = explorer.source();
  const root = document.getElementById("page");
  const state = {
    info: null, place: { path: "0", at: 0, spec: "" }, rows: [], view: null, before: null, problem: null, told: "",
    search: { text: "", busy: null, sentence: "", problem: null },
    followed: { path: "0", sentence: "", what: "path" }, // the counterexample, or what a search found: one may leave it and come back
  };
  const phone = matchMedia("(max-width: 60rem)");
  let asked = 0; // answers to earlier questions are dropped

  function change(what) {
    Object.assign(state, what);
    preact.render(html`<${Page} />`, root);
  }

  const last = () => explorer.steps(state.place.path);

  // Where a path is longer than what there is of it, as much of it as there is, with the reason.
  async function show(place, problem = null) {
    const own = ++asked;
    try {
      const prefix = explorer.prefix(place.path, place.at);
      const [rows, view, before] = await Promise.all([
        source.rows(place.path), source.view(prefix), place.at > 0 ? source.view(explorer.prefix(place.path, place.at - 1)) : null,
      ]);
      if (own === asked) change({ place, rows, view, before, problem });
    } catch (error) {
      if (own !== asked) return;
      const fits = error.fits || (state.view ? "" : state.info.start);
      if (fits && fits !== place.path) return show({ path: fits, at: explorer.steps(fits), spec: place.spec }, problem || error);
      change({ problem: error });
    }
    if (own === asked) settle();
  }

  // Keeps the step in sight, and the keyboard where it was: the button that was pressed may be gone.
  function settle() {
    const here = root.querySelector(".row.here"), column = root.querySelector(".column.left");
    if (here && column && column.scrollHeight > column.clientHeight) {
      const above = here.offsetTop - column.offsetTop;
      if (above < column.scrollTop || above + here.offsetHeight > column.scrollTop + column.clientHeight)
        column.scrollTop = above - column.clientHeight / 2;
    }
    if (refocus && (document.activeElement === document.body || document.activeElement.disabled))
      (root.querySelector("[data-choice]:not([disabled])") || root.querySelector("#choices-title")).focus({ preventScroll: phone.matches });
    refocus = false;
    if (moved && phone.matches) root.querySelector(".last-step").scrollIntoView({ block: "start" });
    moved = false;
  }
  let refocus = false, moved = false;

  function go(place) {
    const hash = explorer.writePlace(place, state.info.fingerprint);
    if (hash !== location.hash) history.pushState(null, "", hash);
    moved = true;
    return show(place);
  }

  const jump = (at) => go({ ...state.place, at: Math.min(Math.max(at, 0), last()) });

  function take(number) {
    refocus = true;
    const { path, at } = state.place;
    const taken = `${explorer.prefix(path, at)}.${number}`;
    const onPath = at < last() && explorer.prefix(path, at + 1) === taken;
    return go({ path: onPath ? path : taken, at: at + 1 });
  }

  function takeBack() {
    const { path, at } = state.place;
    if (at > 0) go({ path: explorer.prefix(path, at - 1), at: at - 1 });
  }

  async function find(what) {
    const stop = new AbortController();
    const search = { ...state.search, busy: stop, sentence: "", problem: null };
    change({ search });
    try {
      const found = await source.find(what, stop.signal);
      change({ search: { ...state.search, busy: null, sentence: found.path === null ? found.sentence : "" } });
      if (found.path === null) return;
      const reachable = state.view.properties.some((property) => property.name === what.property && property.kind === "reachable");
      change({ followed: { path: found.path, sentence: found.sentence, what: what.property && !reachable ? "counterexample" : "path" } });
      await go({ path: found.path, at: explorer.steps(found.path) });
    } catch (error) {
      const problem = error.name === "AbortError" ? null : error;
      change({ search: { ...state.search, busy: null, sentence: problem ? "" : "cancelled", problem } });
    }
  }

  // To the step at which one has left it.
  function follow() {
    const { path } = state.followed;
    return go({ path, at: explorer.parting(path, state.place.path) });
  }

  const restart = () => go({ path: state.info.start, at: state.info.start_at });

  async function copy() {
    const steps = state.rows.slice(1, state.place.at + 1).map((row) => `${row.number}. ${row.lane}: ${row.action}`);
    const text = [`    ${state.info.command}`, `    ${location.href}`, "", ...steps].join("\n");
    try {
      await navigator.clipboard.writeText(text);
      change({ told: "copied: the command, the link and the steps" });
    } catch {
      change({ told: "the browser does not let this page copy: take the address from its bar" });
    }
  }

  const Header = () => {
    const { info, place, followed } = state;
    const isThere = place.path === followed.path;
    return html`
      <header>
        <div class="title"><h1>${info.spec}</h1><p>${info.title}</p></div>
        <nav class="steps" aria-label="steps of the path">
          <button onClick=${() => jump(0)} disabled=${place.at === 0} title="to the beginning (Home)">«<span class="hidden">to the beginning</span></button>
          <button id="step-back" onClick=${() => jump(place.at - 1)} disabled=${place.at === 0} title="a step back (←)">‹<span class="hidden">a step back</span></button>
          <span class="where">step ${place.at} of ${last()}</span>
          <button id="step-forth" onClick=${() => jump(place.at + 1)} disabled=${place.at === last()} title="a step forth (→)">›<span class="hidden">a step forth</span></button>
          <button onClick=${() => jump(last())} disabled=${place.at === last()} title="to the end (End)">»<span class="hidden">to the end</span></button>
          <button id="take-back" onClick=${takeBack} disabled=${place.at === 0} title="forget this step and what comes after it (u)">Take back</button>
          <button id="copy" onClick=${copy} title="command, link and steps, for an issue (c)">Copy</button>
          <button id="help" onClick=${() => openHelp()} title="keys (?)">?<span class="hidden"> keys</span></button>
        </nav>
        ${!source.exported && html`<${explorer.Search} info=${info} search=${state.search} submit=${() => find({ condition: state.search.text })}
          cancel=${() => state.search.busy.abort()} type=${(text) => change({ search: { ...state.search, text, problem: null } })} />`}
        ${source.exported && html`<p class="exported">An exported path with ${explorer.plural(info.exported, "step")} beside it. All of it: <code>${info.command}</code></p>`}
        ${followed.sentence && isThere && html`<p class="found" id="followed">${followed.sentence}</p>`}
        ${!isThere && explorer.steps(followed.path) > 0 && html`
          <p class="found"><button id="follow" onClick=${follow}>Back to the ${followed.what}</button></p>`}
        ${place.spec && place.spec !== info.fingerprint && html`<p class="problem" role="alert">This link was made with another version of the
          spec or with other options (${place.spec}, here ${info.fingerprint}): its path may mean something else.</p>`}
        ${state.told && html`<p class="found" role="status">${state.told}</p>`}
      </header>`;
  };

  const Scope = () => html`
    <details class="scope"><summary>scope and release</summary><dl class="facts">
      ${Object.entries({ ...state.info.scope, release: state.info.release, kubecheck: state.info.version, fingerprint: state.info.fingerprint })
        .filter(([, value]) => value !== "")
        .map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${String(value)}</dd></div>`)}
    </dl></details>`;

  // What a screen reader says after a step.
  const announced = ({ view, rows, place }) => {
    const row = rows[place.at];
    const wrong = view.properties.filter((property) => property.value === "violated").map((property) => `${property.name} is violated`);
    const what = row.number === 0 ? "initial state" : `${row.action} by ${row.lane}`;
    return [`step ${place.at} of ${last()}: ${what}`, ...row.changes, ...wrong, ...(view.quiescent ? ["quiescent"] : [])].join("; ");
  };

  const Page = () => {
    const { info, view, before, rows, place } = state;
    if (!info || !view)
      return state.problem ? html`<${explorer.ProblemBox} problem=${state.problem} />` : html`<p class="loading">loading …</p>`;
    const next = place.at < last() ? Number(place.path.split(".")[place.at + 1]) : null;
    explorer.colourLanes(info, [...explorer.lanesOf(info, rows), ...view.choices.map((choice) => choice.lane)]);
    return html`
      <${Header} />
      ${state.problem && html`<${explorer.ProblemBox} problem=${state.problem} start=${state.problem.fits === undefined ? null : restart}
        close=${() => change({ problem: null })} />`}
      <p class="hidden" role="status" id="announced">${announced(state)}</p>
      <main>
        <div class="column left"><${explorer.Lanes} info=${info} rows=${rows} at=${place.at} jump=${jump} /></div>
        <div class="column centre">
          <${explorer.LastStep} row=${rows[place.at]} />
          ${place.at === 0 && info.initial_states > 1 && !source.exported && html`
            <${explorer.Initial} info=${info} chosen=${place.path.split(".")[0]} begin=${(path) => go({ path, at: 0 })} />`}
          <${explorer.Wrong} view=${view} />
          ${view.picture && html`<${explorer.ClusterPicture} view=${view} before=${before} />`}
          ${view.picture
            ? html`<details class="whole"><summary>every place of the state</summary><${explorer.Parts} view=${view} before=${before} /></details>`
            : html`<${explorer.Parts} view=${view} before=${before} />`}
          <${Scope} />
        </div>
        <div class="column right">
          <${explorer.Choices} view=${view} next=${next} has=${source.has} take=${take} />
          <${explorer.Properties} view=${view} busy=${state.search.busy !== null} find=${source.exported ? null : find} />
        </div>
      </main>
      <${explorer.Help} searches=${!source.exported} />`;
  };

  const openHelp = () => root.querySelector("#keys").showModal();

  function moveFocus(by) {
    const choices = [...root.querySelectorAll("[data-choice]:not([disabled])")].filter((button) => button.offsetParent !== null);
    const place = choices.indexOf(document.activeElement);
    if (place < 0) return false;
    choices[Math.min(Math.max(place + by, 0), choices.length - 1)].focus();
    return true;
  }

  const focus = (...selectors) => () => {
    const found = selectors.map((selector) => root.querySelector(selector)).find(Boolean);
    if (found) found.focus();
  };
  const KEYS = {
    ArrowLeft: () => jump(state.place.at - 1), ArrowRight: () => jump(state.place.at + 1),
    Home: () => jump(0), End: () => jump(last()), u: takeBack, c: copy, "?": openHelp, "/": focus("#condition"),
    a: focus("[data-choice]:not([disabled])"), p: focus("[data-find]", "#properties-title"),
    ArrowDown: () => moveFocus(1), ArrowUp: () => moveFocus(-1),
  };

  document.addEventListener("keydown", (event) => {
    if (!state.view || event.ctrlKey || event.metaKey || event.altKey) return;
    if (root.querySelector("#keys").open) return; // the dialog's own keys
    if (event.key === "Escape") { document.activeElement.blur(); return; }
    if (event.target.matches("input, textarea, select") || !(event.key in KEYS)) return;
    if (KEYS[event.key]() !== false) event.preventDefault();
  });

  addEventListener("popstate", () => { moved = true; show(explorer.readPlace(location.hash, state.info)); });

  (async () => {
    change({});
    try {
      const info = await source.info();
      document.title = `${info.spec} - kubecheck explore`;
      change({ info, followed: { path: info.start, sentence: info.note, what: info.start_at > 0 ? "counterexample" : "path" } });
      await show(explorer.readPlace(location.hash, info));
    } catch (error) {
      change({ problem: error });
    }
  })();
})();
