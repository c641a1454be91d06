"""`igwas-fast bench`: realistic cohorts, answers checked, programs timed side by side.

Where things are
----------------
options     what is asked for, checked when made
spectrum    the minor allele frequencies of a cohort
cohort      a simulated cohort on disk, kept by a digest of its parameters
oracle      the float64 answers that every engine is held to
engines/    one file a program: is it here, its command line, how to read what it wrote
scripts/    programs run as child processes that import nothing of igwas: peers written for this
            benchmark, limits of the machine, and the launcher that measures a child
answers     every engine against its oracle, before anything is timed
child       one command as a child process: wall and CPU seconds, peak memory
rounds      interleaved repeats, medians, marginal and fixed cost
kernel      the product alone against decode + sgemm, in one process (kernel_process);
            product_peers decodes and multiplies, products compares before the clock starts
dosages     simulated imputation for it, as genotypes.h5
subset      a file of many people of whom some are analysed (wide_cohort makes it), against a
            file of only those
curves      cost along samples, variants, phenotypes, threads, missing rate, frequency
machine     the machine, versions, commit
journal     what was measured already, so that an interrupted run can resume
suite       all of it in order, to one JSON file
report      that JSON file as Markdown: report_tables, report_products

The package is installed with igwas-fast, so that the command works from a wheel. The folder
`benchmarks/` of the repository holds what only the project needs: recorded results and notes.
"""
