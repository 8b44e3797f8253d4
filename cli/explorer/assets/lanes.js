// The path so far: a lane for each component that moves, a row for each step. A row is a button that jumps there.
"use strict";

(() => {
  const { html } = explorer;

  // Where the API server is a lane, whoever writes reaches over to it: there the resourceVersion stands.
  function cells(row, lanes) {
    const own = lanes.indexOf(row.lane);
    const server = lanes.indexOf("api-server");
    const from = Math.min(own, server), to = Math.max(own, server);
    return lanes.map((lane, place) => {
      const moves = place === own;
      const writes = row.revision > 0 && server >= 0 && own >= 0;
      const reaches = writes && place >= from && place <= to;
      const mark = moves ? (row.kind === "fault" ? "✗" : "●") : writes && place === server ? row.revision : "";
      const className = explorer.classes(
        "cell", explorer.laneClass(lane), moves && "moves", writes && place === server && !moves && "revision",
        reaches && place > from && "reach-left", reaches && place < to && "reach-right",
      );
      return html`<span class=${className} key=${lane}><span class="mark">${mark}</span></span>`;
    });
  }

  // The components that are drawn, in their order.
  explorer.lanesOf = (info, rows) => {
    const moving = new Set(rows.map((row) => row.lane));
    const writes = rows.some((row) => row.revision > 0);
    return info.lanes.filter((lane) => moving.has(lane) || (lane === "api-server" && writes));
  };

  explorer.Lanes = ({ info, rows, at, jump }) => {
    const lanes = explorer.lanesOf(info, rows);
    return html`
      <section class="path" aria-labelledby="path-title">
        <h2 id="path-title">Path <small>${explorer.plural(rows.length - 1, "step")}</small></h2>
        <div class="lane-names" aria-hidden="true">
          <span class="number"></span>
          ${lanes.map((lane) => html`<span class=${explorer.classes("lane-name", explorer.laneClass(lane))} key=${lane}>
            <span>${lane}</span></span>`)}
        </div>
        <ol class="rows">
          ${rows.map((row) => html`
            <li key=${row.number}>
              <button class=${explorer.classes("row", row.number === at && "here", row.number > at && "later")}
                      aria-current=${row.number === at ? "step" : null} data-step=${row.number} onClick=${() => jump(row.number)}>
                <span class="number">${row.number}</span>
                <span class="cells" aria-hidden="true">${cells(row, lanes)}</span>
                <span class="told">
                  <span class="action">${explorer.breakable(row.action || "initial state")}</span>
                  ${row.lane && html`<span class=${explorer.classes("actor", explorer.laneClass(row.lane))}>${row.lane}${
                    row.kind === "fault" ? ", a fault" : ""}</span>`}
                </span>
              </button>
            </li>`)}
        </ol>
      </section>`;
  };
})();
