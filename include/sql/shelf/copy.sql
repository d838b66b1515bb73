COPY reco.{partition} (build, {key}, {scope}, {arrays})
FROM STDIN WITH (FORMAT binary, FREEZE)
