/** CPU time of this process, all threads: garbage collection counts, and waiting for a busy machine doesn't. */
export class CpuWatch {
  #start = process.cpuUsage()

  get microseconds() {
    const { user, system } = process.cpuUsage(this.#start)
    return user + system
  }
}
