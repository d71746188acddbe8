// Line icons on a 16 px grid, drawn for this viewer.

export const ICONS = {
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  rotateLeft: "M4 3v3.5h3.5M4.2 6.5A5 5 0 1 1 3.2 9.5",
  rotateRight: "M12 3v3.5H8.5M11.8 6.5A5 5 0 1 0 12.8 9.5",
  mirror: "M8 2v12M6 4.5 2 11.5h4zM10 4.5l4 7h-4z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  map: "M2 2.5h12v11H2zM9 2.5v6h5",
  strip: "M2 3h12v10H2zM2 9.5h12M6 9.5V13M10 9.5V13",
  camera: "M2 5h3l1-1.5h4L11 5h3v8H2zM8 6.8a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  full: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  help: "M6 6.2A2.1 2.1 0 1 1 8 8.6v1.2M8 11.8v.4M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z",
  down: "M4 6l4 4 4-4",
  close: "M4 4l8 8M12 4l-8 8",
  left: "M10 4 6 8l4 4",
  right: "M6 4l4 4-4 4",
  shuffle: "M2 5h2.5l6 6H14M12 9l2 2-2 2M2 11h2.5l1.6-1.6M9 6.6 10.5 5H14M12 3l2 2-2 2",
  regions: "M3 5.5 7 2.5l5.5 2 1 5-4.5 4-5-1.5z",
} as const;
