//! The programs of Tamis that run on microcontrollers.
