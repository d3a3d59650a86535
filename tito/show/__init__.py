"""The page of `tito show`: a local Bokeh server, and what stands on its tabs."""
