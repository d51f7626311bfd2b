/** Files are left out that are larger, and a tree is refused in which more or larger ones are to be read. */
export interface TreeLimits {
  readonly fileBytes: number;
  readonly treeBytes: number;
  readonly files: number;
}

/** What went wrong, in words that hold nothing of this machine, and whether it may work the next time. */
export interface Problem {
  readonly problem: string;
  readonly mayPass: boolean;
}

/** Thrown inside this folder; whoever knows which tree it was turns it into a reason. */
export class SourceProblem extends Error implements Problem {
  readonly problem: string;
  readonly mayPass: boolean;

  constructor({ problem, mayPass }: Problem) {
    super(problem);
    this.problem = problem;
    this.mayPass = mayPass;
  }
}
