// Files made in the page: nothing is sent anywhere.

/** Hands the reader a file. */
export function save(name: string, blob: Blob): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The download has begun by the next turn; the bytes are not needed here after that.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A drawing as pixels, twice as fine as on the page. */
export async function png(svg: string, width: number, height: number): Promise<Blob> {
  const image = new Image();
  // The content policy allows images from `data:`, and the file asks for nothing else.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * 2;
  canvas.height = height * 2;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('no picture')) : resolve(blob)), 'image/png');
  });
}

/** A name for a file, of what an id may hold. */
export function fileName(id: string, ending: string): string {
  return `groundswell-${id.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80)}.${ending}`;
}
