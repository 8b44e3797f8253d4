// The state of any spec: a box for each part, its places, its arrays as tables.
"use strict";

(() => {
  const { html, classes } = explorer;

  // every place by name, to see what the last step changed
  function flat(parts) {
    const found = new Map();
    for (const part of parts || []) {
      for (const cell of part.cells) found.set(`${part.title}/${cell.path}`, cell.value);
      for (const table of part.tables)
        table.rows.forEach((row, i) => row.forEach((cell) => found.set(`${part.title}/${table.title}/${table.keys[i]}/${cell.path}`, cell.value)));
    }
    return found;
  }

  explorer.Parts = ({ view, before }) => {
    const old = before ? flat(before.parts) : null;
    const value = (key, cell) => {
      const changed = old !== null && old.get(key) !== cell.value;
      return html`<span class=${classes("place-value", cell.quiet && "quiet", changed && "changed")}
        title=${changed ? `was ${old.get(key)}` : null}>${cell.value}</span>`;
    };
    return html`
      <section class="parts" aria-labelledby="state-title">
        <h2 id="state-title" class="hidden">State</h2>
        ${view.parts.map((part) => html`
          <section class="box" key=${part.title}>
            <h3>${part.title}</h3>
            ${part.cells.length > 0 && html`<dl class="facts">
              ${part.cells.map((cell) => html`<div key=${cell.path}><dt>${cell.path}</dt><dd>${value(`${part.title}/${cell.path}`, cell)}</dd></div>`)}
            </dl>`}
            ${part.tables.map((table) => html`
              <div class="scroll" key=${table.title}><table>
                <caption>${table.title}</caption>
                <thead><tr><td></td>${table.columns.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr></thead>
                <tbody>${table.rows.map((row, i) => html`<tr key=${table.keys[i]}><th scope="row">${table.keys[i]}</th>
                  ${row.map((cell) => html`<td key=${cell.path}>${value(`${part.title}/${table.title}/${table.keys[i]}/${cell.path}`, cell)}</td>`)}</tr>`)}
                </tbody>
              </table></div>`)}
          </section>`)}
      </section>`;
  };
})();
