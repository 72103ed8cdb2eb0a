/**
 * A small file system to keep data on: an image with ext4 on a loop device, that can be filled up. What is kept there is left to
 * program.mjs. Needs root.
 */
import { execFile } from 'node:child_process'
import { mkdir, open, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const BYTES = 20 * 1024 * 1024

/** Makes one in a folder, and mounts it. */
export async function makeDisk(folder) {
  const disk = new Disk(join(folder, 'mounted'))
  const image = join(folder, 'image')
  await writeFile(image, '')
  await truncate(image, BYTES)
  await mkdir(disk.path)
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', image])
  await run('mount', ['-o', 'loop', image, disk.path])
  return disk
}

class Disk {
  constructor(path) {
    /** Where it is mounted. */
    this.path = path
    this.ballast = join(path, 'ballast')
  }

  /** Leaves not a block free. What others give back meanwhile is taken at the next call. */
  async fill() {
    const ballast = await open(this.ballast, 'a')
    try {
      for (const size of [1024 * 1024, 1024]) await writeUntilFull(ballast, Buffer.alloc(size, 1))
      // Space is taken for good when it is on the disk.
      await ballast.sync()
    } finally {
      await ballast.close()
    }
  }

  /** Gives the space back. */
  async free() {
    await rm(this.ballast)
  }

  /** Takes it away; who is still there keeps it until they leave. */
  async remove() {
    await run('umount', ['-l', this.path])
  }
}

async function writeUntilFull(file, piece) {
  for (;;) {
    try {
      await file.write(piece)
    } catch (error) {
      if (error.code === 'ENOSPC') return
      throw error
    }
  }
}
