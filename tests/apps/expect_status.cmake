# Runs PROGRAM with ARGUMENTS; fails unless it ends with STATUS after saying one
# sentence on standard error.
execute_process(COMMAND ${PROGRAM} ${ARGUMENTS} RESULT_VARIABLE status
  OUTPUT_VARIABLE said ERROR_VARIABLE complaint)
if(NOT status EQUAL STATUS OR NOT said STREQUAL ""
   OR NOT complaint MATCHES "^lockstep: [^\n]+\n$")
  message(FATAL_ERROR "status ${status}, said: ${said}${complaint}")
endif()
