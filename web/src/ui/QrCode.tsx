/**
 * A QR code as the server draws it. Its shapes are taken out of the picture and drawn here:
 * a document of somebody else's is never put into the page, and the content security policy
 * allows no picture that is not a file. Dark on white in both themes, or no camera reads it.
 */
export function QrCode({ svg, label }: { svg: string; label: string }) {
  const picture = shapesOf(svg);
  if (!picture) return null;
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={picture.viewBox}
      shapeRendering="crispEdges"
      className="mx-auto size-48 rounded-inner bg-paper p-2"
    >
      {picture.paths.map((d) => (
        <path key={d} d={d} className="fill-print" />
      ))}
    </svg>
  );
}

function shapesOf(svg: string) {
  const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const paths = [...root.querySelectorAll("path")].flatMap((path) => path.getAttribute("d") ?? []);
  const size = (name: string) => Number.parseFloat(root.getAttribute(name) ?? "");
  const viewBox = root.getAttribute("viewBox") ?? `0 0 ${size("width")} ${size("height")}`;
  return paths.length > 0 ? { viewBox, paths } : null;
}
