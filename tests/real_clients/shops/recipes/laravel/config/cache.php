<?php

return ['default' => 'file', 'stores' => ['file' => ['driver' => 'file', 'path' => env('CACHE_PATH', storage_path('framework/cache'))]], 'prefix' => 'shop'];
