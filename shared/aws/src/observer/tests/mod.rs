mod budget;
mod lines;
mod queries;
mod scene;
