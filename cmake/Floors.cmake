# lockstep_floor(NAME SOURCES... ) makes the library lockstep_NAME from the
# folder it is called in. Headers are included from the top of the tree.
function(lockstep_floor name)
  add_library(lockstep_${name} STATIC ${ARGN})
  target_include_directories(lockstep_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(lockstep_${name} PRIVATE lockstep_warnings)
endfunction()
