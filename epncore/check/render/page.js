(function () {
  "use strict";
  var form = document.getElementById("filter");
  if (form) {
    var cards = Array.from(document.querySelectorAll("article"));
    var show = function () {
      var count = 0, words = form.elements.words.value.toLowerCase();
      cards.forEach(function (card) {
        card.hidden = !(form.elements[card.dataset.severity].checked &&
          (!form.elements.table.value || card.dataset.table === form.elements.table.value) &&
          card.textContent.toLowerCase().includes(words));
        if (!card.hidden) count += 1;
      });
      document.querySelectorAll("section.group").forEach(function (group) {
        group.hidden = !group.querySelector("article:not([hidden])");
      });
      form.elements.count.value = count + " of " + cards.length + " findings";
    };
    form.hidden = false;
    // #table=dam.epn_core&words=time opens with that filter; severities are left out by error=0.
    new URLSearchParams(location.hash.slice(1)).forEach(function (value, name) {
      var field = ["error", "warning", "advice", "table", "words"].includes(name) && form.elements[name];
      if (field && field.type === "checkbox") field.checked = value !== "0";
      else if (field) field.value = value;
    });
    form.addEventListener("input", show);
    form.addEventListener("reset", function () { setTimeout(show, 0); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    show();
  }
  document.querySelectorAll("button.copy").forEach(function (button) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent).then(function () {
        button.textContent = "Copied";
      });
    });
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (each) { each.open = true; });
  });
}());
