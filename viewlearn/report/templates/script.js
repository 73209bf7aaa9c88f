"use strict";
for (const tabs of document.querySelectorAll(".tabs")) {
  const panels = [...tabs.children];
  const list = document.createElement("div");
  list.className = "tablist";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", tabs.dataset.label);
  const buttons = panels.map((panel) => {
    const button = document.createElement("button");
    button.type = "button";
    button.id = panel.id + "-tab";
    button.textContent = panel.dataset.name;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", button.id);
    list.append(button);
    return button;
  });
  const select = (chosen) => buttons.forEach((button, i) => {
    button.setAttribute("aria-selected", String(i === chosen));
    button.tabIndex = i === chosen ? 0 : -1;
    panels[i].hidden = i !== chosen;
  });
  buttons.forEach((button, i) => {
    button.addEventListener("click", () => select(i));
    button.addEventListener("keydown", (event) => {
      const last = buttons.length - 1;
      const next = { ArrowRight: i === last ? 0 : i + 1, ArrowLeft: i ? i - 1 : last, Home: 0, End: last }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      select(next);
      buttons[next].focus();
    });
  });
  tabs.prepend(list);
  tabs.classList.add("scripted");
  select(0);
}
for (const button of document.querySelectorAll("button.run")) {
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    for (const part of document.querySelectorAll(`[id*="-run${button.dataset.run}-"]`)) {
      part.style.display = shown ? "" : "none";
    }
  });
}
for (const player of document.querySelectorAll("audio")) {
  player.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== player) other.pause();
  });
}
for (const line of document.querySelectorAll(".command")) {
  const [code, button] = line.children;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // where a page may not write to the clipboard, the reader can
    }
  });
}
for (const sound of document.querySelectorAll(".sound")) {
  const players = [...sound.querySelectorAll("audio")];
  for (const player of players) {
    const strip = sound.querySelectorAll(".strip > div")[player.dataset.strip];
    const cursor = document.createElement("i");
    strip.append(cursor);
    const follow = () => {
      cursor.style.left = `${(100 * player.currentTime) / (player.duration || 1)}%`;
      cursor.hidden = player.paused;
      if (!player.paused) requestAnimationFrame(follow);
    };
    cursor.hidden = true;
    player.addEventListener("play", follow);
  }
  const button = sound.querySelector("button.all");
  if (players.length < 2) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    players.forEach((player, i) => {
      player.currentTime = 0;
      player.onended = () => {
        player.onended = null;
        players[i + 1]?.play();
      };
    });
    players[0].play();
  });
}
