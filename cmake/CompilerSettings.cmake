# C++20 with warnings as errors; sanitizers through LOCKSTEP_SANITIZE.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()
# Assertions stay on in the default build. Line numbers are enough for traces
# and profiles, and take a third off the time of a build; `debug` has all.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")

# Files of one target are compiled several at a time: half of what a file takes is
# templates of CAF, nlohmann and CLI11, which are compiled once then. So names in
# unnamed namespaces must differ within a target. OFF gives each file a command of
# its own, for clangd and clang-tidy.
option(CMAKE_UNITY_BUILD "Compile several files at a time" ON)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CCACHE_PROGRAM})
  # ccache cannot look through a precompiled header without this.
  add_compile_options(
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

set(LOCKSTEP_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")
if(LOCKSTEP_SANITIZE)
  # CAF 0.17's spawn without arguments trips the null check harmlessly.
  add_compile_options(-fsanitize=${LOCKSTEP_SANITIZE} -fno-omit-frame-pointer)
  if(LOCKSTEP_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=null -fno-sanitize-recover=undefined)
  endif()
  add_link_options(-fsanitize=${LOCKSTEP_SANITIZE})
endif()

option(LOCKSTEP_FUZZ "Build the fuzzers; Clang only" OFF)

add_library(lockstep_warnings INTERFACE)
target_compile_options(lockstep_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Werror
  # g++ 12 sees overruns inside std::string where there are none, at -O2.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>
  # Files that are compiled together look like headers of one that is not there.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>
  # CAF's atom constants live in a header and are not all used by everyone.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-unused-const-variable>)
