// Beside the picture: what the last step changed, what is possible now, the properties, the search, help.
"use strict";

(() => {
  const { html, plural, classes } = explorer;

  explorer.LastStep = ({ row }) => html`
    <section class="last-step" aria-labelledby="last-title">
      <h2 id="last-title">${row.number === 0 ? "Initial state" : `Step ${row.number}: ${row.action}`}
        ${row.lane && html` <small class=${explorer.laneClass(row.lane)}>by ${row.lane}</small>`}</h2>
      ${row.sentence && html`<p class="sentence">${row.sentence} <span class="place">${row.place}</span></p>`}
      ${row.changes.length > 0 && html`
        <ul class="changes">${row.changes.map((line) => html`<li>${line}</li>`)}</ul>`}
    </section>`;

  // Where a run may begin in several ways. More than 1,000 are not listed; a path in the address may begin with any.
  explorer.Initial = ({ info, chosen, begin }) => html`
    <p class="initial"><label for="initial">Begin in initial state</label>${" "}
      <select id="initial" value=${chosen} onChange=${(event) => begin(event.target.value)}>
        ${Array.from({ length: Math.min(info.initial_states, 1000) }, (_, i) => html`<option key=${i} value=${String(i)}>${i}</option>`)}
      </select> of ${info.initial_states}</p>`;

  function grouped(choices) {
    const groups = new Map();
    for (const choice of choices) {
      if (!groups.has(choice.lane)) groups.set(choice.lane, []);
      groups.get(choice.lane).push(choice);
    }
    return [...groups];
  }

  const Choice = ({ choice, next, missing, take }) => html`
    <li>
      <button class=${classes("choice", choice.kind, choice.number === next && "next", choice.breaks.length > 0 && "breaks")}
              data-choice=${choice.number} disabled=${missing} title=${choice.sentence}
              onClick=${() => take(choice.number)}>
        <span class="action">${explorer.breakable(choice.action)}</span>
        ${choice.kind !== "component" && html`<span class="tag">${choice.kind}</span>`}
        ${choice.number === next && html`<span class="tag">next on the path</span>`}
        ${missing && html`<span class="tag">not in this file</span>`}
        ${choice.breaks.map((name) => html`<span class="tag bad">✗ violates ${name}</span>`)}
        ${choice.changes.length > 0 && html`<span class="would">${choice.changes.map((line) => html`<span>${line}</span>`)}</span>`}
      </button>
    </li>`;

  explorer.Choices = ({ view, next, has, take }) => {
    const idle = view.choices.filter((choice) => choice.same);
    const groups = grouped(view.choices.filter((choice) => !choice.same));
    const one = (choice) => html`
      <${Choice} key=${choice.number} choice=${choice} next=${next} take=${take} missing=${!has(`${view.path}.${choice.number}`)} />`;
    return html`
      <section class="choices" aria-labelledby="choices-title">
        <h2 id="choices-title" tabindex="-1">Possible now <small>${plural(view.choices.length, "step")}</small></h2>
        ${view.quiescent && html`<p class="quiescent">Quiescent: no component can change anything any more.</p>`}
        ${view.error && html`<pre class="problem">${view.error}</pre>`}
        ${view.choices.length === 0 && !view.error && html`<p>Nothing: the run ends here.</p>`}
        ${groups.map(([lane, choices]) => html`
          <h3 class=${explorer.laneClass(lane)} key=${lane}>${lane}</h3>
          <ol>${choices.map(one)}</ol>`)}
        ${idle.length > 0 && html`
          <details key="idle"><summary>${plural(idle.length, "step")} that ${idle.length === 1 ? "changes" : "change"} nothing</summary>
            <ol>${idle.map(one)}</ol></details>`}
      </section>`;
  };

  // What is wrong comes first; else the order is the spec's, so that nothing jumps about.
  const isWrong = (property) => property.value === "violated" || property.value === "error";

  explorer.Properties = ({ view, busy, find }) => {
    const sorted = [...view.properties.filter(isWrong), ...view.properties.filter((property) => !isWrong(property))];
    return html`
      <section class="properties" aria-labelledby="properties-title">
        <h2 id="properties-title" tabindex="-1">Properties now</h2>
        <ul>
          ${sorted.map((property) => {
            const [sign, word] = explorer.VALUES[property.value];
            const goal = property.kind === "reachable" ? "such a state" : "a violation";
            return html`
              <li key=${property.name} class=${classes("property", property.value.replace(" ", "-"))}>
                <p class="head"><span class="value"><span aria-hidden="true">${sign}</span> ${word}</span>${" "}
                  <span class="name">${explorer.breakable(property.name)}</span> <span class="kind">${property.kind}</span></p>
                <p class="sentence">${property.sentence}${" "}
                  ${find && html`<button class="find" disabled=${busy} data-find=${property.name} title="search for the shortest path to ${goal}"
                    onClick=${() => find({ property: property.name })}>find ${goal}</button>`}</p>
              </li>`;
          })}
        </ul>
      </section>`;
  };

  // What is wrong here, and why, where the eye is.
  explorer.Wrong = ({ view }) => view.properties.filter((property) => property.why.length > 0).map((property) => html`
    <section class="wrong" key=${property.name} aria-label=${`${property.name} is ${property.value}`}>
      <p class="head"><span class="value"><span aria-hidden="true">✗</span> ${explorer.VALUES[property.value][1]}</span>${" "}
        <b>${property.name}</b>: ${property.sentence}</p>
      <pre class="why">${property.why.join("\n")}</pre>
    </section>`);

  explorer.ProblemBox = ({ problem, close, start }) => html`
    <div class="problem" role="alert">
      <p><strong>${problem.message}</strong></p>
      ${problem.snippet && html`<pre>${problem.snippet}</pre>`}
      ${problem.remedy && html`<p>${problem.remedy}</p>`}
      ${start && html`<button id="to-start" onClick=${start}>To the start</button>`}${" "}
      ${close && html`<button onClick=${close}>Close</button>`}
    </div>`;

  explorer.Search = ({ info, search, submit, cancel, type }) => html`
    <form class="search" role="search" onSubmit=${(event) => { event.preventDefault(); submit(); }}>
      <label for="condition">Find a state</label>
      <input id="condition" list="conditions" autocomplete="off" autocapitalize="off" spellcheck=${false}
             placeholder="a condition, for example: ${info.examples[1] || info.examples[0]}" value=${search.text}
             onInput=${(event) => type(event.target.value)} />
      <datalist id="conditions">
        ${[...info.examples, ...info.names].map((name) => html`<option key=${name} value=${name} />`)}
      </datalist>
      ${search.busy
        ? html`<button type="button" onClick=${cancel}>Cancel</button><span class="busy">searching …</span>`
        : html`<button type="submit">Search</button>`}
      ${search.sentence && html`<p class="found" role="status">${search.sentence}</p>`}
      ${search.problem && html`<${explorer.ProblemBox} problem=${search.problem} />`}
    </form>`;

  const KEYS = [
    ["← →", "a step back and forth on the path"], ["Home End", "to its beginning and end"],
    ["u", "take the last step back"], ["a", "to the possible steps; ↑ ↓ between them, Enter takes one"],
    ["p", "to the properties"], ["/", "search"], ["c", "copy the path for an issue"], ["?", "this list"],
  ];

  // A dialog of the browser's own: it keeps the focus inside and gives it back.
  explorer.Help = ({ searches }) => html`
    <dialog class="help" id="keys" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl>${KEYS.filter(([key]) => searches || key !== "/").map(([key, does]) => html`<dt key=${key}><kbd>${key}</kbd></dt><dd>${does}</dd>`)}</dl>
      <form method="dialog"><button id="close-help">Close</button></form>
    </dialog>`;
})();
