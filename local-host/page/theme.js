// The theme that was chosen here, set before anything is drawn: as a module it would come too late, and flash.

document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "";
