// The cluster: etcd behind its API server, the components with queues, memory and informers, the nodes with their pods.
"use strict";

(() => {
  const { html, classes, plural } = explorer;

  // Everything that is drawn, by a name: what differs from the picture before was changed by the last step.
  function flat(picture) {
    const found = new Map();
    if (!picture) return found;
    for (const kind of picture.kinds)
      for (const object of kind.objects) {
        found.set(`object/${object.name}`, "there");
        for (const fact of object.facts) found.set(`object/${object.name}/${fact.label}`, fact.value);
      }
    for (const component of picture.components) {
      found.set(`server/${component.name}`, component.served_by);
      for (const fact of component.memory) found.set(`memory/${component.name}/${fact.label}`, fact.value);
      for (const reader of component.readers) found.set(`reader/${component.name}/${reader.kind}`, String(reader.behind));
    }
    for (const node of picture.nodes) {
      found.set(`node/${node.name}`, String(node.registered));
      for (const pod of node.pods) found.set(`pod/${pod.name}`, podText(pod, node.name));
    }
    for (const pod of picture.unbound) found.set(`pod/${pod.name}`, podText(pod, ""));
    for (const budget of picture.budgets) found.set(`budget/${budget.label}`, String(budget.used));
    return found;
  }

  const podText = (pod, node) => `${pod.phase} ${node} ${pod.terminating} ${pod.containers}`;

  function marks(picture, before) {
    if (!before) return { changed: () => null, gone: () => [] };
    const now = flat(picture), old = flat(before);
    return {
      changed: (key) => (now.get(key) !== old.get(key) ? "changed" : null),
      gone: (kind) => {
        const earlier = before.kinds.find((other) => other.name === kind.name);
        return earlier ? earlier.objects.filter((object) => !now.has(`object/${object.name}`)).map((object) => object.name) : [];
      },
    };
  }

  // Of a new object the whole is marked, not each field.
  const isNew = (object, mark) => mark.changed(`object/${object.name}`) !== null;
  const factChanged = (object, fact, mark) => !isNew(object, mark) && mark.changed(`object/${object.name}/${fact.label}`);

  const Kind = ({ kind, mark }) => html`
    <div class="kind">
      <h4>${kind.name}</h4>
      ${kind.objects.length === 0 && mark.gone(kind).length === 0 && html`<p class="none">none</p>`}
      ${kind.objects.map((object) => html`
        <div class=${classes("object", mark.changed(`object/${object.name}`))} key=${object.name}>
          <span class="object-name">${object.name}</span>
          ${object.facts.filter((fact) => !fact.quiet || fact.label.startsWith("spec.replicas") || fact.label.startsWith("status.")
              || factChanged(object, fact, mark)).map((fact) => html`
            <span class=${classes("fact", factChanged(object, fact, mark))} key=${fact.label}>
              <span class="label">${fact.label}</span> ${fact.value}</span>`)}
        </div>`)}
      ${mark.gone(kind).map((name) => html`<div class="object changed gone" key=${name}><s>${name}</s> is gone</div>`)}
      ${kind.history.length > 0 && html`
        <details class="history"><summary>${plural(kind.history.length, "write")} that somebody has not seen</summary>
          <ol>${kind.history.map((write) => html`<li key=${write.back}>${write.name}, before it: ${write.before}</li>`)}</ol>
        </details>`}
    </div>`;

  // One small box for each write that may be unseen: filled ones are.
  const Lag = ({ reader, changed, what }) => html`
    <div class=${classes("reader", changed, reader.behind > 0 && "behind")}>
      <span class="reader-name">${what} of ${reader.kind}</span>
      <span class="lag" aria-hidden="true">${Array.from({ length: reader.most }, (_, i) =>
        html`<span class=${classes("tick", i < reader.behind && "full")} key=${i}></span>`)}</span>
      <span class="lag-text">${reader.behind === 0 ? "up to date" : `${plural(reader.behind, "write")} behind`}
        <small> of at most ${reader.most}</small></span>
      ${reader.differences.map((difference) => html`
        <p class="difference" key=${difference.name}><b>${difference.name}</b>: sees <i>${difference.sees}</i>; is <i>${difference.stored}</i></p>`)}
    </div>`;

  // A key is queued whenever its sync would make a request (model/workqueue.py): that is, when such a step is possible. What is about no
  // key is an informer's step.
  function queue(component, choices) {
    return choices.filter((choice) => component.actors.includes(choice.actor) && choice.kind === "component" && !choice.action.endsWith("()"));
  }

  const Component = ({ component, components, choices, mark, info }) => {
    const waiting = queue(component, choices);
    const full = components.some((other) => other.readers.some((reader) => reader.behind === reader.most));
    const changed = (fact) => mark.changed(`memory/${component.name}/${fact.label}`);
    const shown = component.memory.filter((fact) => !fact.quiet || changed(fact));
    const isServer = component.actors.length === 0;
    return html`
      <section class=${classes("box", "component")}>
        <h3>${component.title}</h3>
        ${component.served_by && html`<p class=${classes("served", mark.changed(`server/${component.name}`))}>watches at the ${component.served_by}</p>`}
        ${component.readers.map((reader) => html`<${Lag} key=${reader.kind} reader=${reader} what=${isServer ? "watch cache" : "informer"}
          changed=${mark.changed(`reader/${component.name}/${reader.kind}`)} />`)}
        ${component.readers.length === 0 && !isServer && html`<p class="none">its informers read through</p>`}
        ${!isServer && html`
          <div class="queue"><span class="label" title="a key is queued whenever its sync would make a request">queue</span>${" "}
            ${waiting.length === 0 ? html`<span class="none">${full ? "empty, or waiting: an informer is as far behind as the scope allows" : "empty"}</span>`
              : waiting.map((choice) => html`<span class=${classes("key", explorer.laneClass(info, choice.lane))} key=${choice.number}>${explorer.breakable(choice.action)}</span>`)}
          </div>`}
        ${shown.length > 0 && html`<dl class="facts">${shown.map((fact) => html`
          <div key=${fact.label} class=${changed(fact)}><dt>${fact.label}</dt><dd>${fact.value}</dd></div>`)}</dl>`}
      </section>`;
  };

  const Pod = ({ pod, changed, room }) => html`
    <div class=${classes("pod", pod.phase, pod.terminating && "terminating", changed)}>
      <span class="object-name">${pod.name}</span>
      <span class="phase">${pod.phase}${pod.terminating ? ", terminating" : ""}${pod.containers ? `, containers ${pod.containers}` : ""}</span>
      <span class="owner">${pod.owner}</span>
    </div>`;

  explorer.ClusterPicture = ({ view, before, revision, info }) => {
    const picture = view.picture;
    const mark = marks(picture, before && before.picture);
    return html`
      <div class="cluster">
        <section class="box etcd">
          <h3>API server and etcd <small>${revision > 0 ? `resourceVersion ${revision} on this path` : "no write on this path yet"}</small></h3>
          ${picture.notes.map((note) => html`<p class="note changed" key=${note}>${note}</p>`)}
          <div class="kinds">${picture.kinds.map((kind) => html`<${Kind} key=${kind.name} kind=${kind} mark=${mark} />`)}</div>
        </section>
        <div class="components">${picture.components.map((component) => html`
          <${Component} key=${component.name} component=${component} components=${picture.components} choices=${view.choices} mark=${mark} info=${info} />`)}</div>
        <div class="nodes">
          ${picture.unbound.length > 0 && html`
            <section class="box unbound"><h3>not bound to a node</h3><div class="pods">
              ${picture.unbound.map((pod) => html`<${Pod} key=${pod.name} pod=${pod} changed=${mark.changed(`pod/${pod.name}`)} />`)}</div></section>`}
          ${picture.nodes.map((node) => html`
            <section class=${classes("box", "node", !node.registered && "absent", mark.changed(`node/${node.name}`))} key=${node.name}>
              <h3>${node.name} <small>${node.registered ? `kubelet, ${node.pods.length} of ${plural(node.room, "pod")}` : "not registered"}</small></h3>
              <div class="pods">
                ${node.pods.length === 0 && html`<p class="none">no pods</p>`}
                ${node.pods.map((pod) => html`<${Pod} key=${pod.name} pod=${pod} changed=${mark.changed(`pod/${pod.name}`)} />`)}</div>
            </section>`)}
        </div>
        <p class="budgets"><span class="label">has happened, of what may in this scope:</span>
          ${picture.budgets.map((budget) => html`<span class=${classes("budget", mark.changed(`budget/${budget.label}`))} key=${budget.label}>
            ${budget.label} ${budget.used}/${budget.most}</span>`)}</p>
      </div>`;
  };
})();
